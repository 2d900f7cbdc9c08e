//! Pairs of templates in `cases/*.yaml`, and beside each the text that its diff gives.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run -p sluice-infra golden` writes the texts anew.

mod lake_templates;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::template::{Inputs, Resolved, Template};
use crate::{diff, permissions};

/// Every case: the text of its diff is what stands in its `.txt`.
#[test]
fn c7_c8_diffs_of_template_pairs_read_as_written_beside_them() {
    let cases = cases();
    assert!(cases.len() >= 40, "only {} cases are left", cases.len());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = String::new();
    for case in cases {
        let (before, after) = pair(&case);
        let changes = diff::compare(before.as_ref(), after.as_ref());
        let permissions = permissions::compare(before.as_ref(), after.as_ref());
        let text = diff::render(&changes, &permissions);
        let beside = case.with_extension("txt");
        if update {
            fs::write(&beside, &text).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if expected != text {
            let patch = diffy::create_patch(&expected, &text);
            wrong.push_str(&format!("{}:\n{patch}\n", case.display()));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 writes them anew:\n{wrong}");
}

#[test]
fn no_case_differs_from_itself() {
    for case in cases() {
        let (before, after) = pair(&case);
        for stack in [before, after].into_iter().flatten() {
            assert_eq!(diff::compare(Some(&stack), Some(&stack)), [], "{}", case.display());
            assert_eq!(permissions::compare(Some(&stack), Some(&stack)), [], "{}", case.display());
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/golden/cases");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|one| one == "yaml")).collect();
    cases.sort();
    cases
}

/// The two stacks of a case. Each begins with a line as `--- # before Environment=Prod`; without
/// text below it there is no stack.
fn pair(case: &Path) -> (Option<Resolved>, Option<Resolved>) {
    let text = fs::read_to_string(case).unwrap();
    let mut sides: BTreeMap<&str, Option<Resolved>> = BTreeMap::new();
    for part in text.split("--- # ").skip(1) {
        let (head, body) = part.split_once('\n').unwrap();
        let mut words = head.split(' ');
        let side = words.next().unwrap();
        let mut inputs = Inputs::new("111122223333", "eu-central-1", "stack");
        for choice in words {
            let (name, value) = choice.split_once('=').unwrap();
            inputs = inputs.with_parameter(name, value);
        }
        let stack = (!body.trim().is_empty()).then(|| {
            let template = Template::parse(body).unwrap_or_else(|e| panic!("{case:?} {side} {e}"));
            template.resolve(&inputs).unwrap_or_else(|error| panic!("{case:?} {side} {error}"))
        });
        sides.insert(side, stack.map(|stack| stack.with_physical_ids(&BTreeMap::new())));
    }
    (sides.remove("before").unwrap(), sides.remove("after").unwrap())
}
