//! `sluice demo` as somebody runs it who has never seen a lake, and does not wait for its end.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use serde_json::Value;

use crate::support::sluice::{command, sluice};

const DEMO: [&str; 6] = ["demo", "--no-serve", "--rows", "200", "--output", "json"];

#[test]
fn b7_a_demo_that_was_interrupted_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    // In the first environment, on the way into the second, and while people would be asked.
    for place in ["delivery.plan", "delivery.verify", "delivery.build", "delivery.saved"] {
        let mut demo = command(folder.path(), &DEMO);
        demo.env("SLUICE_FAILPOINT", format!("{place}:kill"));
        demo.env("SLUICE_DELIVERY__LEASE_SECONDS", "1");
        let killed = demo.output().unwrap();
        assert_eq!(killed.status.signal(), Some(9), "{place} was not reached: {killed:?}");
    }
    let mut demo = command(folder.path(), &DEMO);
    demo.env("SLUICE_DELIVERY__LEASE_SECONDS", "1");
    let done = demo.output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let delivered = executions(folder.path());
    let of = |name: &str| -> Vec<&Value> {
        delivered.iter().map(|execution| &execution[name]).collect()
    };
    assert_eq!(of("environment"), ["prod", "test", "dev"], "{delivered:?}");
    assert_eq!(of("status"), ["SUCCEEDED"; 3], "{delivered:?}");
    assert_eq!(of("release"), [&delivered[0]["release"]; 3]);
    let sources = sluice(folder.path(), &["sources", "list", "--output", "json"]).json();
    assert_eq!(sources.as_array().map(Vec::len), Some(2), "{sources}");
    let again = sluice(folder.path(), &DEMO);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(executions(folder.path()), delivered, "nothing is deployed again");
}

fn executions(folder: &Path) -> Vec<Value> {
    let listed = sluice(folder, &["pipelines", "list", "--output", "json"]).json();
    listed.as_array().unwrap().clone()
}
