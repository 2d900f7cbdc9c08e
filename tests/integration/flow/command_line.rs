//! A file of one's own through the command line, from the proposal to the query.

use std::path::Path;

use serde_json::Value;

use crate::support::sluice::{Outcome, sluice};

/// A command that must succeed; its JSON.
fn json(lake: &Path, args: &[&str]) -> Value {
    let outcome = sluice(lake, &[args, &["--output", "json"]].concat());
    assert_eq!(outcome.code(), Some(0), "{args:?}: {outcome:?}");
    outcome.json()
}

fn refused(outcome: &Outcome, code: i32, named: &str) {
    assert_eq!(outcome.code(), Some(code), "{outcome:?}");
    assert!(outcome.stderr.contains(named), "{outcome:?}");
}

#[test]
fn a_file_of_ones_own_goes_from_the_proposal_to_the_query() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let file = folder.path().join("Visits 2020.csv");
    let text = "Visit ID,Zip,Paid\n1,01234,2\n2,99999,2.5\n";
    std::fs::write(&file, text).unwrap();
    let (file, registration) = (file.to_str().unwrap(), folder.path().join("visits.toml"));
    let registration = registration.to_str().unwrap();

    // Nothing is guessed: the run waits until somebody registers its dataset.
    let outcome = sluice(&lake, &["ingest", file, "--dataset", "clinic/visits"]);
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert_eq!(json(&lake, &["runs", "list"])[0]["status"], "HELD");
    let args = ["sources", "propose", file, "--dataset", "clinic/visits", "--write", registration];
    let proposal = json(&lake, &args);
    let types: Vec<_> =
        proposal["columns"].as_array().unwrap().iter().map(|c| &c["column"]["type"]).collect();
    assert_eq!(types, ["bigint", "string", "double"], "leading zeros are kept");
    assert_eq!(json(&lake, &["sources", "register", registration])["released_runs"], 1);
    let sql = "SELECT zip, sum(paid) AS paid, year, month, day FROM clinic.visits \
               GROUP BY zip, year, month, day";
    json(&lake, &["transformations", "set", "clinic/visits", "--sql", sql]);

    // A malformed row is shown with its line and reason; the earlier run goes first.
    std::fs::write(file, format!("{text}x,00001,1\n")).unwrap();
    let args = ["ingest", file, "--dataset", "clinic/visits", "--output", "json"];
    let outcome = sluice(&lake, &args);
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    let run = outcome.json()["runs"][0].clone();
    assert_eq!(run["status"], "FAILED", "a third of the rows is more than a tenth: {run}");
    let id = run["run"].as_str().unwrap_or_default();
    let rows = json(&lake, &["runs", "quarantine", id]);
    assert_eq!((&rows[0]["line"], &rows[0]["column"]), (&4.into(), &"visit_id".into()));
    assert_eq!(rows[0]["raw"], "x,00001,1");

    std::fs::write(file, text).unwrap();
    let run = json(&lake, &["ingest", file, "--dataset", "clinic/visits"])["runs"][0].clone();
    assert_eq!((&run["rows_written"], &run["purpose_built_rows"]), (&2.into(), &2.into()));
    let statuses: Vec<_> = json(&lake, &["runs", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["SUCCEEDED", "FAILED", "SUPERSEDED"], "newest first");
    let sql = "SELECT zip, paid FROM clinic_purpose_built.visits ORDER BY zip";
    let rows = json(&lake, &["query", sql])["rows"].clone();
    let expected =
        serde_json::json!([{"zip": "01234", "paid": 2.0}, {"zip": "99999", "paid": 2.5}]);
    assert_eq!(rows, expected);
    let id = run["run"].as_str().unwrap();
    assert_eq!(json(&lake, &["runs", "replay", id])["runs"][0]["status"], "SUCCEEDED");
    assert_eq!(json(&lake, &["query", sql])["rows"], expected);
    assert_eq!(json(&lake, &["catalog", "tables"]).as_array().unwrap().len(), 2);
    refused(&sluice(&lake, &["runs", "retry", id]), 1, "only FAILED and CANCELLED");
    refused(&sluice(&lake, &["query", "SELECT * FROM clinic.visit"]), 2, "visits");
    refused(&sluice(&lake, &["runs", "show", "nonsense"]), 2, "nonsense");
}
