//! Reads what `cargo xtask test` needs from a JUnit report as cargo-nextest writes it.

use super::report::Tally;

/// Counts and SKIPPED lines of a report; `None` when it is none. A test that says SKIPPED has not passed,
/// also where it could check a part of what it is for.
pub(super) fn tally(report: &str) -> Option<Tally> {
    let suites = report.split("<testsuites ").nth(1)?.split('>').next()?;
    let count = |name: &str| -> Option<u64> {
        let value = suites.split(&format!("{name}=\"")).nth(1)?;
        value.split('"').next()?.parse().ok()
    };
    let failed = count("failures")? + count("errors")?;
    let skipped = report.split("<testcase ").skip(1).filter(|test| is_skipped(test)).count() as u64;
    Some(Tally {
        passed: count("tests")?.saturating_sub(failed + skipped),
        failed,
        skipped: skipped_lines(report).iter().map(|reason| unescaped(reason)).collect(),
        note: None,
    })
}

/// Whether a test, from its tag on, left something out and did not fail.
fn is_skipped(test: &str) -> bool {
    let failed = ["<failure", "<error"].iter().any(|tag| test.contains(tag));
    !failed && !skipped_lines(test).is_empty()
}

/// What stands behind `SKIPPED` in lines of the output of tests that begin with it.
pub(super) fn skipped_lines(output: &str) -> Vec<String> {
    // In a report the first line of an output follows its tag on the same line.
    let starts = output.split(['\n', '>']);
    let reasons = starts.filter_map(|line| line.strip_prefix("SKIPPED "));
    reasons.map(|reason| reason.split('<').next().unwrap_or(reason).trim().to_owned()).collect()
}

/// The ampersand last, so that what it brings forth is not read again.
fn unescaped(text: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, ch)| text.replace(entity, ch))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="5" failures="2" errors="0" time="0.01">
  <testsuite name="x" tests="5"><testcase name="a"><system-out>
running 1 test
test a ... ok
</system-out><system-err>SKIPPED postgres: initdb not found
line
SKIPPED second: &quot;a&quot; &amp;lt; absent</system-err></testcase>
    <testcase name="b" time="0.1"/>
    <testcase name="c"><system-out>it was not SKIPPED at all</system-out></testcase>
    <testcase name="d"><failure type="test failure">left 1</failure><system-err>
SKIPPED third: absent</system-err></testcase>
    <testcase name="e"><failure type="test failure"/></testcase></testsuite></testsuites>"#;

    #[test]
    fn counts_and_skipped_lines_are_found() {
        let tally = tally(REPORT).unwrap();
        assert_eq!((tally.passed, tally.failed), (2, 2), "the first did not pass");
        let second = "second: \"a\" &lt; absent";
        assert_eq!(tally.skipped, ["postgres: initdb not found", second, "third: absent"]);
    }

    #[test]
    fn something_else_is_no_report() {
        assert_eq!(tally("error: could not compile"), None);
    }
}
