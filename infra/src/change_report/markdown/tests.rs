//! Plans and the comments they become, in `../cases/*.md`.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run -p sluice-infra comment` writes the comments anew.

use std::fs;
use std::path::Path;

use domain::plan::{ColumnDifference, Plan};
use domain::stack::{DriftedResource, PermissionChange, PropertyChange, Recreation};

use super::*;
use crate::plan::sample;

const LINK: &str = "https://sluice.example.org/delivery/executions/0190/plan";

fn markdown(plan: &Plan) -> String {
    // Plans of tests get new ids each time, which the digest does not cover.
    plan_markdown(plan, &crate::plan::digest(plan).unwrap(), LINK)
}

fn check(name: &str, plan: &Plan) {
    let text = markdown(plan);
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/change_report/cases/{name}.md"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let patch = diffy::create_patch(&expected, &text);
    assert!(expected == text, "UPDATE_GOLDEN=1 writes it anew:\n{patch}");
}

fn nothing() -> Plan {
    let mut plan = sample::plan("dev");
    plan.stacks.clear();
    plan.sources.clear();
    plan.transformations.clear();
    plan
}

fn everything() -> Plan {
    let mut plan = sample::plan("prod");
    sample::widen(&mut plan);
    sample::endanger(&mut plan);
    plan.stacks[0].changes[0].action = ChangeAction::Remove;
    plan.stacks[0].changes[1].causes.push(PropertyChange {
        path: "Properties.KeySchema.0.AttributeName".into(),
        before: None,
        after: None,
        recreation: Recreation::Always,
    });
    plan.stacks[1].drift.push(DriftedResource {
        logical_id: "RawBucket".into(),
        resource_type: "AWS::S3::Bucket".into(),
        deleted: false,
        differences: Vec::new(),
    });
    plan.transformations[0].before = Some("SELECT a,\n       b\nFROM t\n".into());
    plan.transformations[0].after = Some("SELECT a,\n       c,\n       d\nFROM t\n".into());
    let column = |name: &str| ColumnDifference {
        column: name.into(),
        before: Some("Int64".into()),
        after: None,
        changed: 3,
    };
    let outcome = RehearsalOutcome::Compared {
        partitions: vec!["2020-08-05".into(), "2020-08-06".into()],
        added: 5,
        removed: 0,
        changed: 3,
        same: 90,
        columns: vec![column("tip_amount")],
    };
    let dataset = plan.transformations[0].dataset.clone();
    plan.rehearsals.push(Rehearsal { dataset, outcome });
    plan
}

#[test]
fn the_comment_of_a_plan_that_changes_nothing_says_so() {
    check("nothing", &nothing());
}

#[test]
fn c7_c8_the_comment_names_what_widens_and_what_may_be_lost() {
    check("everything", &everything());
}

#[test]
fn the_comment_of_a_first_deployment_says_what_is_new() {
    let mut plan = sample::plan("dev");
    plan.baseline = None;
    plan.sources[0].before = None;
    plan.transformations[0].before = None;
    plan.rehearsals.push(Rehearsal {
        dataset: plan.transformations[0].dataset.clone(),
        outcome: RehearsalOutcome::NotCompared {
            reason: "there is no data yet".into(),
            fails: false,
        },
    });
    check("first", &plan);
}

fn widened(sentence: &str) -> String {
    let mut plan = sample::plan("prod");
    plan.stacks[0].permissions.push(PermissionChange {
        logical_id: "Engine".into(),
        sentence: sentence.into(),
        widened: true,
    });
    let text = markdown(&plan);
    let line = text.lines().find(|line| line.starts_with("- `ProdDataLakeEtlRoles`: "));
    line.unwrap_or_else(|| panic!("{text}")).split_once(": ").unwrap().1.to_owned()
}

#[test]
fn the_comment_keeps_foreign_text_from_meaning_anything() {
    let evil = "@ada <img src=x> ![a](b) [x](https://evil.example) #1 www.evil.example\n# Hello";
    let shown = widened(evil);
    assert_eq!(
        shown,
        "@\u{2060}ada &lt;img src=x&gt; \\!\\[a\\]\\(b\\) \\[x\\]\\(https:\u{2060}//evil.example\\) \
         #\u{2060}1 www\u{2060}.evil.example #\u{2060} Hello"
    );
    assert_eq!(widened("may now `s3:*` on `a_b`"), "may now `s3:*` on `a_b`");
    assert_eq!(widened("one ` alone *x*"), "one \\` alone \\*x\\*");
}

#[test]
fn the_comment_stays_short_however_long_the_plan_is() {
    let mut plan = everything();
    for number in 0..500 {
        plan.stacks[0].permissions.push(PermissionChange {
            logical_id: "Engine".into(),
            sentence: format!("{number} {}", "<very long> ".repeat(200)),
            widened: true,
        });
    }
    let text = markdown(&plan);
    assert!(text.chars().count() < 60_000, "{} characters", text.chars().count());
    assert!(text.contains("- and 476 more\n"));
    assert!(text.contains(LINK));
}

/// A line without its code spans, in which nothing means anything.
fn outside_code(line: &str) -> String {
    let plain = line.replace("\\`", "");
    let parts = plain.split('`').enumerate().filter(|(index, _)| index % 2 == 0);
    parts.map(|(_, part)| part).collect()
}

proptest::proptest! {
    #[test]
    fn the_comment_has_one_harmless_line_for_any_sentence(
        sentence in "([a-z@#:/<>!\\[\\]()*_`~|\\\\&.$\n\r\u{0}\u{2028} ]|www\\.|https://|@ada|#1|<!--){0,40}"
    ) {
        let shown = widened(&sentence);
        let outside = outside_code(&shown);
        proptest::prop_assert!(!outside.contains(['<', '>']), "{outside:?}");
        let mut letters = outside.chars().peekable();
        while let Some(letter) = letters.next() {
            let next = letters.peek().copied();
            if matches!(letter, '@' | '#') {
                proptest::prop_assert_eq!(next, Some('\u{2060}'), "{:?}", outside);
            }
            if letter == '\\' {
                letters.next();
            } else {
                proptest::prop_assert!(!"[]()*_~|!$".contains(letter), "{outside:?}");
            }
        }
        proptest::prop_assert!(!outside.contains("://"), "{outside:?}");
        proptest::prop_assert!(!outside.to_lowercase().contains("www."), "{outside:?}");
    }
}
