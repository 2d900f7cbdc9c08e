//! Stopping while AWS does not answer.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use aws::testing::Fault;

use super::site::Site;
use crate::support::sluice::PATIENCE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_worker_stops_in_time_while_aws_is_silent() {
    let Some((site, link)) = Site::over_a_link().await else { return };
    link.by_chance(1, 1000, &[Fault::Delay(Duration::from_secs(600))]);
    let mut command = site.command(&["worker", "--env", "dev"]);
    let mut worker = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while link.seen().is_empty() {
        assert!(begin.elapsed() < PATIENCE, "the worker asks AWS nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let pid = worker.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = ended_within(&mut worker, Duration::from_secs(10)).await;
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}

async fn ended_within(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < time {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(child.kill());
    drop(child.wait());
    None
}
