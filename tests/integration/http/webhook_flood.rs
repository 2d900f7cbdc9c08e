//! Deliveries that are too large, and too many at once, against a real server over raw sockets
//! (promises C15 and F2).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::access::Role;

use super::console::WEBHOOK_SECRET;
use super::webhooks::{push_to, signature};
use crate::support::delivery::{Flow, lake_files, lake_toml};
use crate::support::lake::{ORDERS, file};
use crate::support::serve::ServeProcess;
use crate::support::sluice::PATIENCE;

const LIMIT: usize = 1024 * 1024;
/// What lies in the buffers of both sockets before a sender is held up.
const ON_THE_WAY: usize = 16 * LIMIT;
/// For the development build beside other tests.
const P99: Duration = Duration::from_secs(1);
const PER_SECOND: u32 = 50;
const SECONDS: u32 = 3;

fn settings() -> [(&'static str, &'static str); 3] {
    [
        ("SLUICE_DELIVERY__WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("SLUICE_ENVIRONMENTS", "[\"dev\"]"),
        ("SLUICE_DELIVERY__POLL_SECONDS", "3600"),
    ]
}

fn head(server: &ServeProcess, headers: &str) -> String {
    let address = &server.address;
    format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: {address}\r\nx-github-event: ping\r\n{headers}\r\n"
    )
}

/// Sends a head and then as much as the server takes, at most `most` bytes in chunks. The status, how
/// much was sent, and how long the answer took.
fn flood(server: &ServeProcess, head: &str, most: usize) -> (u16, usize, Duration) {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut sending = stream.try_clone().unwrap();
    let sent = AtomicUsize::new(0);
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
            while sent.load(Ordering::Relaxed) < most && sending.write_all(&chunk).is_ok() {
                sent.fetch_add(0x10000, Ordering::Relaxed);
            }
        });
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).unwrap();
        let took = begin.elapsed();
        // Ends the sender, if the server did not.
        let _ = stream.shutdown(std::net::Shutdown::Both);
        (String::from_utf8_lossy(&answer[..length]).into_owned(), took)
    });
    let status = answer.0.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}"));
    (status.parse().unwrap(), sent.load(Ordering::Relaxed), answer.1)
}

/// The most memory that the server ever held, in megabytes.
fn peak(server: &ServeProcess) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn c15_what_is_too_large_is_refused_before_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &settings());
    let signed = format!("x-hub-signature-256: {}\r\n", signature(WEBHOOK_SECRET, b""));
    let begin = peak(&server);

    // By the length that it declares: nothing of it is sent.
    let declared = format!("{signed}content-length: 10000000000\r\n");
    let (status, _, took) = flood(&server, &head(&server, &declared), 0);
    assert_eq!(status, 413);
    assert!(took < Duration::from_secs(5), "it took {took:?} to refuse a length");

    // Without a length, as soon as there is too much, and from many at once.
    let chunked = head(&server, &format!("{signed}transfer-encoding: chunked\r\n"));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let floods: Vec<_> =
            (0..8).map(|_| scope.spawn(|| flood(&server, &chunked, 64 * LIMIT))).collect();
        floods.into_iter().map(|flood| flood.join().unwrap()).collect()
    });
    for (status, sent, took) in answers {
        assert_eq!(status, 413);
        assert!(sent < LIMIT + ON_THE_WAY, "{sent} bytes were taken");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    let grown = peak(&server) - begin;
    assert!(grown < 64, "the server grew by {grown} MB");

    // Without a signature nothing is waited for at all, whether some of it comes or not.
    let unsigned = head(&server, "content-length: 1000000000\r\n");
    for most in [0, LIMIT] {
        let (status, _, took) = flood(&server, &unsigned, most);
        assert_eq!(status, 403);
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn c15_the_largest_delivery_is_read_and_one_byte_more_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &settings());
    for (length, status) in [(LIMIT, 202), (LIMIT + 1, 413)] {
        let body = format!("{{}}{}", " ".repeat(length - 2));
        let signature = signature(WEBHOOK_SECRET, body.as_bytes());
        let headers = format!("x-github-event: ping\r\nx-hub-signature-256: {signature}\r\n");
        let reply = server.ask("POST", "/webhooks/github", &headers, &body);
        assert_eq!(reply.status, status, "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_fifty_deliveries_a_second_are_answered_while_runs_and_pipelines_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let flow = Flow::at(folder.path(), &["dev"]).await;
    let ann = flow.person("ann", Role::Engineer).await;
    let commit = flow.commit("main", &lake_files(&lake_toml(&[("dev", "")])), &ann).await;
    let server = ServeProcess::start(folder.path(), &settings());
    let raw = folder.path().join("dev/raw").join(ORDERS);
    std::fs::create_dir_all(&raw).unwrap();
    for number in 0..10 {
        let rows = (1..500).map(|id| (id, 1 + (id % 20) as u8));
        std::fs::write(raw.join(format!("{number}.csv")), file(rows)).unwrap();
    }
    let zero = "0".repeat(40);
    let references = ["refs/heads/main", "refs/heads/side", "refs/tags/v1", "refs/heads/main"];
    let bodies = references
        .map(|reference| push_to("acme/lake", reference, &zero, commit.as_str()).to_string());
    let begin = Instant::now();
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let deliveries: Vec<_> = (0..PER_SECOND * SECONDS)
            .map(|number| {
                let (server, body) = (&server, &bodies[number as usize % bodies.len()]);
                scope.spawn(move || {
                    let due = begin + Duration::from_secs(1) * number / PER_SECOND;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    deliver(server, body)
                })
            })
            .collect();
        deliveries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    times.sort();
    let late = times[times.len() * 99 / 100];
    println!("p50 {:?}, p99 {late:?}, most {:?}", times[times.len() / 2], times[times.len() - 1]);
    assert!(late < P99, "99 of 100 answers should come within {P99:?}, not {late:?}");
    assert_eq!(flow.executions("dev").await.len(), 1, "one push, one execution");
}

/// Delivers a push; how long the answer took.
fn deliver(server: &ServeProcess, body: &str) -> Duration {
    let signature = signature(WEBHOOK_SECRET, body.as_bytes());
    let headers = format!("x-github-event: push\r\nx-hub-signature-256: {signature}\r\n");
    let begin = Instant::now();
    let reply = server.ask("POST", "/webhooks/github", &headers, body);
    assert_eq!(reply.status, 202, "{reply:?}");
    begin.elapsed()
}
