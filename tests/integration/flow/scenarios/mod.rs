//! Scripted scenarios of pipelines, with what comes of each step written below it.
//!
//! A case in `cases/` is its own script: lines that begin with `> ` are carried out, all others are
//! what they print. `UPDATE_GOLDEN=1 cargo nextest run --workspace scenario` writes these anew.

mod names;
mod script;

use std::fs;
use std::path::Path;

use script::Scenario;

/// Carries a case out and compares what it prints with what stands in it.
async fn check(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/integration/flow/scenarios");
    let path = folder.join("cases").join(case).with_extension("txt");
    let expected = fs::read_to_string(&path).unwrap();
    let (mut text, mut scenario) = (String::new(), None);
    for line in expected.lines() {
        if line.starts_with('#') || (line.is_empty() && !text.is_empty()) {
            text.push_str(&format!("{line}\n"));
        }
        let Some(step) = line.strip_prefix("> ") else { continue };
        text.push_str(&format!("{line}\n"));
        for told in Scenario::step(&mut scenario, step).await {
            text.push_str(&format!("  {told}\n"));
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    let patch = diffy::create_patch(&expected, &text);
    assert!(expected == text, "UPDATE_GOLDEN=1 writes it anew:\n{patch}");
}

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            check(stringify!($name).strip_prefix("scenario_").unwrap()).await;
        })+

        #[test]
        fn every_case_is_carried_out() {
            let listed = [$(stringify!($name)),+];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../tests/integration/flow/scenarios/cases");
            for case in fs::read_dir(folder).unwrap() {
                let path = case.unwrap().path();
                let name = format!("scenario_{}", path.file_stem().unwrap().to_str().unwrap());
                assert!(listed.contains(&name.as_str()), "nobody carries {} out", path.display());
            }
        }
    };
}

scenarios!(
    scenario_promote,
    scenario_supersede,
    scenario_failing_stack,
    scenario_roll_back,
    scenario_changed_since,
    scenario_freeze,
    scenario_names_to_type,
);
