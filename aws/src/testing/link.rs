//! A link to the emulator that loses, delays, doubles and breaks what goes over it.
//!
//! It stands between clients and the emulator on this machine, reads one request at a time, and does to
//! it what the test asked for: a named fault for the next call of an operation, or faults by chance from
//! a seed.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::http::{self, Request};

/// Between two looks at what went over the link.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What may happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks; nothing was done.
    Drop,
    /// It takes so much longer.
    Delay(Duration),
    /// It is carried out twice, as by a network that repeats; the second answer is given.
    Twice,
    /// 500; nothing was done.
    Refuse,
    /// It is done; the answer is 500.
    ErrorAfter,
    /// It is done; the connection breaks before the answer.
    ResetAfter,
    /// It is done; nobody answers until the caller gives up.
    SilentAfter,
    /// It is answered so, with a status and a body; nothing was done.
    Answer(u16, &'static str),
}

impl Fault {
    /// All that any call can meet with, with a short delay. Not silence: it lasts as long as the
    /// caller has patience.
    pub const ALL: [Self; 6] = [
        Self::Drop,
        Self::Delay(Duration::from_millis(300)),
        Self::Twice,
        Self::Refuse,
        Self::ErrorAfter,
        Self::ResetAfter,
    ];
}

/// The link. It ends when it is dropped, and panics then if a planned fault has not happened: that test
/// would hold nothing.
#[derive(Debug)]
pub struct FaultyLink {
    address: SocketAddr,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

#[derive(Debug)]
struct State {
    emulator: String,
    planned: Mutex<VecDeque<(String, Fault)>>,
    chance: Mutex<Option<Chance>>,
    seen: Mutex<Vec<(String, Option<Fault>)>>,
    under_way: AtomicUsize,
}

/// Faults by chance.
#[derive(Debug)]
struct Chance {
    state: u64,
    per_mille: u64,
    faults: Vec<Fault>,
    /// Faults that happened.
    count: usize,
}

impl FaultyLink {
    /// A link to the emulator at `endpoint`, `http://127.0.0.1:…`; at first it breaks nothing.
    pub async fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("no port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let emulator = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let state = Arc::new(State {
            emulator,
            planned: Mutex::default(),
            chance: Mutex::default(),
            seen: Mutex::default(),
            under_way: AtomicUsize::default(),
        });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, _serving: serving }
    }

    /// Its address, for clients.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call that holds `text` in head or body meets with `fault`: the name of an operation,
    /// `TransactWriteItems`, `ExecuteChangeSet`, or `PUT /bucket/key`.
    pub fn plan(&self, text: &str, fault: Fault) {
        lock(&self.state.planned).push_back((text.to_owned(), fault));
    }

    /// From now on so many of a thousand calls meet with one of `faults`, which take turns. The same
    /// seed gives the same faults for the same calls.
    pub fn by_chance(&self, seed: u64, per_mille: u64, faults: &[Fault]) {
        *lock(&self.state.chance) = Some(Chance::new(seed, per_mille, faults));
    }

    /// From now on nothing is broken, nor has it to be: what was planned is forgotten.
    pub fn heal(&self) {
        *lock(&self.state.chance) = None;
        lock(&self.state.planned).clear();
    }

    /// What went over the link, with what became of it.
    pub fn seen(&self) -> Vec<(String, Option<Fault>)> {
        lock(&self.state.seen).clone()
    }

    /// Waits until a call of an operation came.
    pub async fn until_seen(&self, operation: &str) {
        while !lock(&self.state.seen).iter().any(|(seen, _)| seen == operation) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until every call that came is through, also those whose callers gave up.
    pub async fn until_quiet(&self) {
        while self.state.under_way.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether every planned fault has happened.
    pub fn is_done(&self) -> bool {
        lock(&self.state.planned).is_empty()
    }
}

impl Drop for FaultyLink {
    fn drop(&mut self) {
        // Whoever panics has something to say already.
        if !std::thread::panicking() {
            let left = lock(&self.state.planned).clone();
            assert!(left.is_empty(), "planned faults never happened: {left:?}");
        }
    }
}

impl State {
    fn fault_of(&self, request: &Request) -> Option<Fault> {
        let mut planned = lock(&self.planned);
        let found = planned.iter().position(|(text, _)| request.holds(text));
        let fault = match found.and_then(|index| planned.remove(index)) {
            Some((_, fault)) => Some(fault),
            None => lock(&self.chance).as_mut().and_then(Chance::next),
        };
        lock(&self.seen).push((request.operation(), fault));
        fault
    }
}

impl Chance {
    fn new(seed: u64, per_mille: u64, faults: &[Fault]) -> Self {
        Self { state: seed.max(1), per_mille, faults: faults.to_vec(), count: 0 }
    }

    /// Chance says when; each fault has its turn, so that none is left out.
    fn next(&mut self) -> Option<Fault> {
        if self.number() % 1000 >= self.per_mille {
            return None;
        }
        let turn = self.count % self.faults.len().max(1);
        self.count += 1;
        self.faults.get(turn).copied()
    }

    /// Xorshift: the same numbers everywhere.
    fn number(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state >> 11
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut calls = JoinSet::new();
    loop {
        while calls.try_join_next().is_some() {}
        if let Ok((client, _)) = listener.accept().await {
            calls.spawn(one(client, Arc::clone(&state)));
        }
    }
}

async fn one(mut client: TcpStream, state: Arc<State>) {
    let Some(request) = http::read(&mut client).await else { return };
    state.under_way.fetch_add(1, Ordering::SeqCst);
    handle(&mut client, &request, &state).await;
    state.under_way.fetch_sub(1, Ordering::SeqCst);
}

/// One call. A connection that is dropped without an answer is what the client is to see. A client that
/// went away meanwhile changes nothing for the emulator, as with AWS.
async fn handle(client: &mut TcpStream, request: &Request, state: &State) {
    let fault = state.fault_of(request);
    match fault {
        Some(Fault::Drop) => return,
        Some(Fault::Refuse) => return http::refuse(client).await,
        Some(Fault::Answer(status, body)) => return http::say(client, status, body).await,
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    let mut answer = carry(state, request).await;
    if fault == Some(Fault::Twice) {
        answer = carry(state, request).await;
    }
    match fault {
        Some(Fault::ResetAfter) => {}
        Some(Fault::ErrorAfter) => http::refuse(client).await,
        Some(Fault::SilentAfter) => http::until_gone(client).await,
        _ => http::answer(client, &answer).await,
    }
}

async fn carry(state: &State, request: &Request) -> Vec<u8> {
    http::carry(&state.emulator, request).await.unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let faults = |seed| {
            let mut chance = Chance::new(seed, 300, &Fault::ALL);
            (0..50).map(|_| chance.next()).collect::<Vec<_>>()
        };
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(8));
        let hits: Vec<_> = faults(7).into_iter().flatten().collect();
        assert!((5..25).contains(&hits.len()), "{} of 50", hits.len());
        assert_eq!(hits[..Fault::ALL.len()], Fault::ALL, "each has its turn");
    }

    /// Counts calls and answers each.
    async fn upstream() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::default());
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                http::read(&mut client).await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                http::say(&mut client, 200, "done").await;
            }
        });
        (endpoint, count)
    }

    async fn ask(link: &FaultyLink) -> TcpStream {
        let mut stream = TcpStream::connect(link.address).await.unwrap();
        stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
        stream
    }

    #[tokio::test]
    async fn silence_lasts_until_the_caller_gives_up_and_the_call_is_made() {
        let (endpoint, count) = upstream().await;
        let link = FaultyLink::to(&endpoint).await;
        link.plan("GET /a", Fault::SilentAfter);
        let mut stream = ask(&link).await;
        link.until_seen("GET /a").await;
        let answer = stream.read_u8();
        assert!(tokio::time::timeout(Duration::from_millis(300), answer).await.is_err());
        drop(stream);
        link.until_quiet().await;
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert_eq!(link.seen(), [("GET /a".to_owned(), Some(Fault::SilentAfter))]);
    }

    #[tokio::test]
    async fn a_call_whose_caller_gave_up_is_made_late() {
        let (endpoint, count) = upstream().await;
        let link = FaultyLink::to(&endpoint).await;
        link.plan("GET /a", Fault::Delay(Duration::from_secs(1)));
        let stream = ask(&link).await;
        link.until_seen("GET /a").await;
        drop(stream);
        assert_eq!(count.load(Ordering::SeqCst), 0);
        link.until_quiet().await;
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    #[should_panic(expected = "planned faults never happened")]
    async fn a_fault_that_never_happens_is_told() {
        let link = FaultyLink::to("http://127.0.0.1:1").await;
        link.plan("CreateTable", Fault::Drop);
    }

    #[tokio::test]
    async fn a_healed_link_has_no_faults_to_come() {
        let link = FaultyLink::to("http://127.0.0.1:1").await;
        link.plan("CreateTable", Fault::Drop);
        link.heal();
    }
}
