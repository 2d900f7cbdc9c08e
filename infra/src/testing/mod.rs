//! Contract suites, one per port, that every adapter runs.
//!
//! A suite is a list of named cases. Each case gets a fresh adapter from the caller; a suite that
//! fails names its failed cases, after the panic message of each.

// These are tests, although they are compiled as a library for the tests of other crates.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

mod asset_store;
mod lake_repository;
mod parameter_store;
mod secret_store;
mod stack_service;

use std::future::Future;

pub use asset_store::asset_store;
pub use lake_repository::lake_repository;
pub use parameter_store::parameter_store;
pub use secret_store::secret_store;
pub use stack_service::{Ability, BoxFuture, Disturbance, StacksUnderTest, stack_service};

/// Runs cases, each on a fresh adapter, and panics at the end if one has failed. A case may need
/// something that what is under test `lacks`: then it is SKIPPED.
macro_rules! cases {
    ($suite:literal, $make:expr, [$($case:ident $(needs $ability:expr)?),+ $(,)?]) => {{
        let mut suite = $crate::testing::Suite::new($suite);
        $({
            let made = ($make)().await;
            let needs: &[(bool, &str)] =
                &[$((made.lacks.contains(&$ability), stringify!($ability)))?];
            match needs.iter().find(|(lacking, _)| *lacking) {
                Some((_, what)) => suite.skip(stringify!($case), what),
                None => suite.case(stringify!($case), $case(made)).await,
            }
        })+
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

    /// Runs one case as a task of its own; a panic is noted, the next case runs all the same.
    async fn case(&mut self, case: &'static str, test: impl Future<Output = ()> + Send + 'static) {
        if tokio::spawn(test).await.is_err() {
            eprintln!("FAILED {}: {case}", self.name);
            self.failed.push(case);
        }
    }

    fn skip(&self, case: &str, lacking: &str) {
        eprintln!("SKIPPED {}: {case}: what is under test lacks {lacking}", self.name);
    }

    fn finish(self) {
        assert!(self.failed.is_empty(), "{}: these cases failed: {:?}", self.name, self.failed);
    }
}
