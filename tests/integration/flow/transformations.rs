//! SQL tried from the command line: what it would change, and what its fixture tests say.

use crate::support::sluice::sluice;

const YELLOW: &str = "tlc_taxi_data/yellow_taxi_trip_record";

#[test]
fn sql_is_compared_and_tested_before_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let made = sluice(&lake, &["demo", "--rows", "400", "--no-serve"]);
    assert_eq!(made.code(), Some(0), "{made:?}");
    let current = sluice(&lake, &["transformations", "show", YELLOW]).stdout;
    let file = folder.path().join("new.sql");
    let run = |how: &[&str], sql: &str| {
        std::fs::write(&file, sql).unwrap();
        let args = [&["transformations"], how, &[file.to_str().unwrap(), "--output", "json"]];
        sluice(&lake, &args.concat())
    };
    let diff = |sql: &str| run(&["diff", YELLOW, "--file"], sql);
    let same = diff(&current);
    assert_eq!((same.code(), &same.json()["same"]), (Some(0), &true.into()), "{same:?}");
    assert_eq!(same.json()["keys"].as_array().unwrap().len(), 7);

    let dearer = current.replace("sum(total_amount)", "sum(total_amount) + 1 ");
    let differs = diff(&dearer);
    assert_eq!(differs.code(), Some(1), "{differs:?}");
    let rows = &differs.json()["rows"];
    assert_eq!((&rows["added"], &rows["unchanged"]), (&0.into(), &0.into()));
    assert_eq!(rows["changed"], rows["old"]);
    let wrong = diff("select nothing from nowhere.at_all");
    assert_eq!(wrong.code(), Some(2), "{wrong:?}");

    let test = |sql: &str| run(&["test", YELLOW, "--sql"], sql);
    assert_eq!(test(&current).code(), Some(0));
    let fails = test(&dearer);
    assert_eq!(fails.code(), Some(1), "{fails:?}");
    let cells = fails.json()[0]["cases"][0]["changed"].as_array().unwrap().len();
    assert_eq!(cells, 3, "{fails:?}");
    let set = |more: &[&str]| {
        let args = ["transformations", "set", YELLOW, "--file", file.to_str().unwrap()];
        sluice(&lake, &[&args[..], more].concat())
    };
    let refused = set(&[]);
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("trips_are_counted_and_summed"), "{refused:?}");
    assert_eq!(set(&["--accept-failing-tests"]).code(), Some(0));
}
