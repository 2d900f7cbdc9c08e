//! The numbers that `/metrics` shows, in the OpenMetrics text format.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use domain::{Error, Result};
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::console::Console;

/// Bounds of the histogram of answer times, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRuns {
    environment: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InEnvironment {
    environment: String,
}

/// What this process counts.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Answered, Counter>,
    seconds: Family<OfRoute, Histogram, fn() -> Histogram>,
    uploaded: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            uploaded: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts an answered request. `method` is a known one and `route` a pattern: there are few.
    pub(crate) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let answered = Answered { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&answered).inc();
        let of_route = OfRoute { route: route.to_owned() };
        self.seconds.get_or_create(&of_route).observe(took.as_secs_f64());
    }

    /// Counts bytes that came by upload.
    pub fn uploaded(&self, bytes: u64) {
        self.uploaded.inc_by(bytes);
    }

    /// Everything as text, with what the database and the workers say right now.
    pub(crate) async fn text(&self, console: &Console) -> Result<String> {
        let mut registry = Registry::with_prefix("sluice");
        registry.register("http_requests", "Answered requests", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until an answer begins",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register_with_unit(
            "uploaded",
            "Received by upload",
            Unit::Bytes,
            self.uploaded.clone(),
        );
        build_info(&mut registry);
        runs(&mut registry, console).await?;
        workers(&mut registry, console);
        let sessions = Gauge::<i64>::default();
        let open = console.accounts.open_sessions(Timestamp::now()).await?;
        sessions.set(i64::try_from(open).unwrap_or(i64::MAX));
        registry.register("sessions", "Sessions that may be used", sessions);
        let mut text = String::new();
        encode(&mut text, &registry)
            .map_err(|error| Error::internal(format!("the metrics cannot be written: {error}")))?;
        Ok(text)
    }
}

fn build_info(registry: &mut Registry) {
    let info = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "What runs here", info);
}

/// Runs by status; the queue is what waits for a worker.
async fn runs(registry: &mut Registry, console: &Console) -> Result<()> {
    let by_status: Family<OfRuns, Gauge> = Family::default();
    let queue: Family<InEnvironment, Gauge> = Family::default();
    for lake in &console.lakes {
        let environment = lake.lake.environment.to_string();
        for (status, count) in lake.lake.reports.by_status().await? {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            if status == domain::run::RunStatus::Queued {
                let label = InEnvironment { environment: environment.clone() };
                queue.get_or_create(&label).set(count);
            }
            let label = OfRuns { environment: environment.clone(), status: status.as_str() };
            by_status.get_or_create(&label).set(count);
        }
    }
    registry.register("runs", "Runs by status", by_status);
    registry.register("queue_depth", "Runs that wait for a worker", queue);
    Ok(())
}

fn workers(registry: &mut Registry, console: &Console) {
    let beats: Family<InEnvironment, Gauge<f64, AtomicU64>> = Family::default();
    let lost: Family<InEnvironment, Counter> = Family::default();
    for lake in &console.lakes {
        let health = &lake.worker_health;
        let label = InEnvironment { environment: lake.lake.environment.to_string() };
        if let Some(beat) = health.last_beat() {
            beats.get_or_create(&label).set(beat.as_secs_f64());
            lost.get_or_create(&label).inc_by(health.leases_lost());
        }
    }
    registry.register_with_unit(
        "worker_last_beat",
        "Time since a worker of this process last reached the run ledger",
        Unit::Seconds,
        beats,
    );
    registry.register("leases_lost", "Runs whose lease ran out under a worker here", lost);
}
