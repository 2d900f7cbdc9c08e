//! Contract suites, one per port, that every adapter runs.
//!
//! A suite is a list of named cases. Each case gets a fresh adapter from the caller; a suite that
//! fails names its failed cases, after the panic message of each.

// These are tests, although they are compiled as a library for the tests of other crates.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

mod arrival_queue;
mod catalog;
mod outbox;
mod quality_store;
mod query_service;
mod run_ledger;
mod run_log;
mod run_reports;
pub mod sample;
mod source_registry;
mod transformation_store;
mod zone;

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

pub use arrival_queue::{RawZoneUnderTest, arrival_queue};
pub use catalog::catalog;
pub use outbox::outbox;
pub use quality_store::quality_store;
pub use query_service::{QueriesUnderTest, query_service};
pub use run_ledger::{LedgerUnderTest, run_ledger};
pub use run_log::run_log;
pub use run_reports::run_reports;
pub use source_registry::source_registry;
pub use transformation_store::transformation_store;
pub use zone::zone;

/// Runs cases, each on a fresh adapter, and panics at the end if one has failed.
macro_rules! cases {
    ($suite:literal, $make:expr, [$($case:ident),+ $(,)?]) => {{
        let mut suite = $crate::testing::Suite::new($suite);
        $( suite.case(stringify!($case), $case(($make)().await)).await; )+
        suite.finish();
    }};
}
use cases;

/// The outcome of a suite so far.
struct Suite {
    name: &'static str,
    failed: Vec<&'static str>,
}

impl Suite {
    fn new(name: &'static str) -> Self {
        Self { name, failed: Vec::new() }
    }

    /// Runs one case; a panic is noted, the next case runs all the same.
    async fn case(&mut self, case: &'static str, test: impl Future<Output = ()>) {
        if AssertUnwindSafe(test).catch_unwind().await.is_err() {
            eprintln!("FAILED {}: {case}", self.name);
            self.failed.push(case);
        }
    }

    fn finish(self) {
        assert!(self.failed.is_empty(), "{}: these cases failed: {:?}", self.name, self.failed);
    }
}
