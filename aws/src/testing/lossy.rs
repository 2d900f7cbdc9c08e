//! A proxy before the emulator that loses answers: what was asked is done, and nobody hears of it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Hands requests on to the emulator. Answers to some of them are lost, as often as was asked for.
#[derive(Debug, Clone)]
pub struct LossyProxy {
    /// Its address, `http://127.0.0.1:…`.
    pub endpoint: String,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    word: String,
    losses: usize,
    seen: usize,
}

impl LossyProxy {
    /// Starts before an emulator; ends with the test.
    pub async fn before(emulator: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let plan = Arc::<Mutex<Plan>>::default();
        let upstream = emulator.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let noted = plan.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, plan) = (upstream.clone(), noted.clone());
                tokio::spawn(async move { hand_on(client, &upstream, &plan).await });
            }
        });
        Self { endpoint, plan }
    }

    /// Loses the next answers to requests whose head has a word in it, such as the name of an
    /// operation.
    pub fn lose(&self, word: &str, losses: usize) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) =
            Plan { word: word.to_owned(), losses, seen: 0 };
    }

    /// How many such requests came since.
    pub fn seen(&self) -> usize {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).seen
    }
}

/// One request and its answer; the connection is not used again.
async fn hand_on(mut client: TcpStream, upstream: &str, plan: &Mutex<Plan>) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        more(&mut client, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    while bytes.len() < end + length(&head) {
        more(&mut client, &mut bytes).await?;
    }
    let mut server = TcpStream::connect(upstream).await.ok()?;
    let lines = head.trim_end().split("\r\n");
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head_on = kept.collect::<Vec<_>>().join("\r\n") + "\r\nconnection: close\r\n\r\n";
    server.write_all(head_on.as_bytes()).await.ok()?;
    server.write_all(&bytes[end..]).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    let is_lost = {
        let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = !plan.word.is_empty() && head.contains(&plan.word);
        plan.seen += usize::from(meant);
        let is_lost = meant && plan.losses > 0;
        plan.losses -= usize::from(is_lost);
        is_lost
    };
    if !is_lost {
        client.write_all(&answer).await.ok()?;
    }
    client.shutdown().await.ok()
}

async fn more(client: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 * 1024];
    let read = client.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&chunk[..read]);
    Some(())
}

fn length(head: &str) -> usize {
    let lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    lengths.last().unwrap_or_default()
}
