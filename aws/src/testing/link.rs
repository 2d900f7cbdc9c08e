//! A link to the emulator that loses, delays, doubles and breaks what goes over it.
//!
//! It stands between clients and the emulator on this machine, reads one request at a time, and does to
//! it what the test asked for: a named fault for the next call of an operation, or faults by chance from
//! a seed.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::http::{self, Request};

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
    /// It is answered so, with a status and a body; nothing was done.
    Answer(u16, &'static str),
}

impl Fault {
    /// All that any call can meet with, with a short delay.
    pub const ALL: [Self; 6] = [
        Self::Drop,
        Self::Delay(Duration::from_millis(300)),
        Self::Twice,
        Self::Refuse,
        Self::ErrorAfter,
        Self::ResetAfter,
    ];
}

/// The link. It ends when it is dropped.
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
}

/// Faults by chance.
#[derive(Debug)]
struct Chance {
    state: u64,
    per_mille: u64,
    faults: Vec<Fault>,
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

    /// From now on so many of a thousand calls meet with one of `faults`. The same seed gives the same
    /// faults for the same calls.
    pub fn by_chance(&self, seed: u64, per_mille: u64, faults: &[Fault]) {
        let chance = Chance { state: seed.max(1), per_mille, faults: faults.to_vec() };
        *lock(&self.state.chance) = Some(chance);
    }

    /// From now on nothing is broken.
    pub fn heal(&self) {
        *lock(&self.state.chance) = None;
        lock(&self.state.planned).clear();
    }

    /// What went over the link, with what became of it.
    pub fn seen(&self) -> Vec<(String, Option<Fault>)> {
        lock(&self.state.seen).clone()
    }

    /// Whether every planned fault has happened.
    pub fn is_done(&self) -> bool {
        lock(&self.state.planned).is_empty()
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
    fn next(&mut self) -> Option<Fault> {
        let hit = self.number() % 1000 < self.per_mille;
        let index = usize::try_from(self.number()).unwrap_or_default() % self.faults.len().max(1);
        self.faults.get(index).copied().filter(|_| hit)
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

/// One call. A connection that is dropped without an answer is what the client is to see.
async fn one(mut client: TcpStream, state: Arc<State>) {
    let Some(request) = http::read(&mut client).await else { return };
    let fault = state.fault_of(&request);
    match fault {
        Some(Fault::Drop) => return,
        Some(Fault::Refuse) => return http::refuse(&mut client).await,
        Some(Fault::Answer(status, body)) => return http::say(&mut client, status, body).await,
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    let mut answer = carry(&state, &request).await;
    if fault == Some(Fault::Twice) {
        answer = carry(&state, &request).await;
    }
    match fault {
        Some(Fault::ResetAfter) => {}
        Some(Fault::ErrorAfter) => http::refuse(&mut client).await,
        _ => http::answer(&mut client, &answer).await,
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
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let faults = |seed| {
            let mut chance = Chance { state: seed, per_mille: 300, faults: Fault::ALL.into() };
            (0..50).map(|_| chance.next()).collect::<Vec<_>>()
        };
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(8));
        let hits = faults(7).into_iter().flatten().count();
        assert!((5..25).contains(&hits), "{hits} of 50");
    }
}
