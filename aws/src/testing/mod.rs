//! For tests: an emulator of AWS, and accounts in it that nobody else uses.

// These are tests, although they are compiled as a library for the tests of other crates.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

mod http;
mod link;

use std::time::Duration;

pub use link::{Fault, FaultyLink};

use crate::{Account, AwsSettings, StaticCredentials};

/// Names the emulator's address to tests; `cargo xtask test` starts one and sets it.
pub const ENDPOINT: &str = "SLUICE_TEST_AWS_ENDPOINT";
/// The region that tests work in.
pub const REGION: &str = "eu-central-1";
/// How long an attempt takes at most in tests that wait for one to time out. The emulator needs far less.
pub const IMPATIENT: Duration = Duration::from_secs(2);
/// By so much a call is delayed that is to arrive when its impatient caller has gone on to the next one.
pub const LATE: Duration = Duration::from_secs(6);

/// An emulator that speaks the protocols of AWS: the access key is the account.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// Its address, `http://127.0.0.1:…`.
    pub endpoint: String,
}

impl Emulator {
    /// The emulator of this test run; says SKIPPED when there is none.
    pub fn of_this_run() -> Option<Self> {
        match std::env::var(ENDPOINT) {
            Ok(endpoint) => Some(Self { endpoint }),
            Err(_) => {
                eprintln!("SKIPPED AWS: no emulator, {ENDPOINT} is not set");
                None
            }
        }
    }

    /// An account that no other test uses, with nothing in it.
    pub async fn account(&self) -> Account {
        Account::open(&self.settings(&fresh_account())).await
    }

    /// A link to it that can be broken, and the emulator as it is seen through the link.
    pub async fn through_a_faulty_link(&self) -> (FaultyLink, Self) {
        let link = FaultyLink::to(&self.endpoint).await;
        let endpoint = link.endpoint();
        (link, Self { endpoint })
    }

    /// How an account of the emulator is reached.
    pub fn settings(&self, account: &str) -> AwsSettings {
        AwsSettings {
            endpoint: Some(self.endpoint.clone()),
            credentials: Some(StaticCredentials {
                access_key: account.to_owned(),
                secret_key: "test".to_owned(),
            }),
            attempt: Duration::from_secs(20),
            ..AwsSettings::in_region(REGION)
        }
    }
}

/// The number of an account that no other test uses.
pub fn fresh_account() -> String {
    let number = uuid::Uuid::now_v7().as_u128() ^ u128::from(std::process::id());
    // The last digits of the id are its random ones.
    format!("{:012}", number % 1_000_000_000_000)
}
