//! `sluice.toml` read, and every check of it.

use super::samples::WHOLE;
use super::*;
use domain::notification::NotifiedEvent;

/// What is told of a file in which some text is replaced.
fn told(from: &str, to: &str) -> Vec<String> {
    assert!(WHOLE.contains(from), "{from:?} is not in the file");
    let text = WHOLE.replacen(from, to, 1);
    let problems = LakeFile::parse(&text).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

/// The one thing that is told.
fn one(from: &str, to: &str) -> String {
    let told = told(from, to);
    assert_eq!(told.len(), 1, "{told:#?}");
    told[0].clone()
}

#[test]
fn a_whole_file_is_read() {
    let file = LakeFile::parse(WHOLE).unwrap();
    assert_eq!(file.lake.logical_id_prefix, "DataLakeCDKBlog");
    assert_eq!(file.tags.cost_center, "4711");
    assert_eq!(file.catalog.purpose_built_database.as_deref(), Some("datablog_arg"));
    let [dev, prod] = file.environments.as_slice() else { panic!("{:?}", file.environments) };
    assert_eq!(dev.parameters["RetentionDays"], "30");
    assert_eq!(
        (dev.parameters["Size"].as_str(), dev.parameters["Loud"].as_str()),
        ("small", "true")
    );
    assert_eq!((dev.approval.approvers, dev.protected), (0, false));
    assert_eq!((prod.approval.approvers, prod.protected), (2, true));
    assert!(prod.approval.exclude_requester);
    assert_eq!(prod.vpc_cidr.unwrap().to_string(), "10.0.0.0/24");
    assert_eq!((dev.freeze.len(), prod.freeze[0].name.as_str()), (0, "weekends"));
    assert!(!file.pipeline.rehearsal && file.pipeline.fixture_tests);
    assert_eq!(file.notifications[0].events[1], NotifiedEvent::DeploymentFailed);
    assert_eq!(file.environment_of(&"production".parse().unwrap()), Some(prod));
    assert_eq!((file.before(&prod.name), file.after(&prod.name)), (Some(dev), None));
    assert_eq!((file.before(&dev.name), file.after(&dev.name)), (None, Some(prod)));
}

#[test]
fn unknown_keys_are_refused_and_the_meant_one_is_named() {
    let told = one("region = \"eu", "regoin = \"eu");
    assert!(told.starts_with("sluice.toml:19:1: `regoin`"), "{told}");
    assert!(told.ends_with("did you mean `region`?"), "{told}");
    assert!(one("[pipeline]", "[pipelines]").contains("did you mean `pipeline`?"));
    assert!(one("\"run_failed\"", "\"run_faild\"").contains("did you mean `run_failed`?"));
}

#[test]
fn all_problems_are_told_at_once_by_line() {
    let text = WHOLE
        .replacen("cdkblog\"", "-x\"", 1)
        .replacen("111111111111", "1111", 1)
        .replacen("10.20.0.0/24", "10.20.0.0/16", 1)
        .replacen("approvers = 2", "approvers = \"two\"", 1)
        .replacen("acme/leads", "leads", 1);
    let problems = LakeFile::parse(&text).unwrap_err();
    let lines: Vec<_> = problems.iter().filter_map(|problem| problem.line).collect();
    assert_eq!(lines, [4, 18, 20, 31, 32], "{problems:#?}");
}

#[test]
fn what_every_environment_needs_is_there_and_its_own() {
    assert!(one("name = \"dev\"", "").contains("name of the environment is missing"));
    assert!(
        one("account = \"111111111111\"", "").contains("account of the environment is missing")
    );
    assert!(one("\"production\"", "\"main\"").contains("branch main is there twice"));
    assert!(
        one("\"10.0.0.0/24\"", "\"10.20.0.0/24\"").contains("vpc_cidr 10.20.0.0/24 is there twice")
    );
    assert!(
        told("name = \"prod\"", "name = \"dev\"")[0].contains("environment dev is there twice")
    );
    assert!(one("eu-central-1", "Frankfurt").contains("`eu-central-1`"));
    assert!(one("name = \"dev\"", "name = \"../dev\"").contains("lower-case letters"));
}

#[test]
fn d9_names_of_buckets_fit_with_account_and_region() {
    let text = WHOLE.replacen("\"cdkblog\"", "\"twelve-chars\"", 1).replacen(
        "name = \"dev\"",
        "name = \"development-one\"",
        1,
    );
    let problems = LakeFile::parse(&text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].message.contains("bucket names of development-one would be 5 characters"));
}

#[test]
fn a_rule_nobody_can_satisfy_is_refused() {
    assert!(
        one("expires_after_hours = 24", "expires_after_hours = 0").contains("nobody can approve")
    );
    assert!(one("approvers = 2", "approvers = 99").contains("at most 10"));
    assert!(one("\"acme/leads\"", "\"leads\"").contains("`org/team`"));
}

#[test]
fn a_freeze_window_is_understood_or_refused() {
    let told = one("Europe/Berlin", "Europe/Belrin");
    assert!(told.starts_with("sluice.toml:36:1: freeze window"), "{told}");
    assert!(one("\"fri 18:00\"", "\"friday\"").contains("no moment of a freeze window"));
    assert!(one("\"mon 06:00\"", "\"2026-12-20T18:00\"").contains("both once"));
}

#[test]
fn a_route_names_what_is_there() {
    assert!(
        one("environments = [\"prod\"]", "environments = [\"prd\"]")
            .contains("did you mean `prod`?")
    );
    assert!(one("target = \"oncall\"", "").contains("target of the notification is missing"));
    assert!(one("\"tlc_taxi_data\"", "\"TLC\"").contains("TLC"));
}

#[test]
fn an_empty_file_says_what_it_needs() {
    let problems = LakeFile::parse("").unwrap_err();
    let told: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told.iter().any(|told| told.contains("[[environments]]")));
}
