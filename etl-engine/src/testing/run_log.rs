//! The contract of the run log.

use domain::ErrorKind;
use domain::run::RunId;
use domain::run_log::{LogLevel, LogLine, MOST_LINES};
use domain::zone::Hop;

use super::sample::at;
use super::{LedgerUnderTest, cases};

/// Runs the contract over the logs of the ledgers that `make` makes, each empty.
pub async fn run_log(make: impl AsyncFn() -> LedgerUnderTest) {
    cases!(
        "run log",
        make,
        [
            lines_read_back_in_the_order_of_writing,
            a_log_is_bounded_and_says_so,
            a_line_of_an_unknown_run_is_refused,
        ]
    );
}

async fn lines_read_back_in_the_order_of_writing(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await.id;
    let other = test.record("yellow", "b.csv").await.id;
    let begun = line("begun", None);
    let failed = LogLine::new(at(2), LogLevel::Error, 2, Some(Hop::RawToConformed), "no disk");
    test.log.append(run, std::slice::from_ref(&begun)).await.unwrap();
    test.log.append(run, &[failed.clone(), line("again", None)]).await.unwrap();
    let lines = test.log.lines(run, 0, 100).await.unwrap();
    let expected = [begun, failed.clone(), line("again", None)];
    let expected =
        expected.into_iter().zip(1..).map(|(line, sequence)| LogLine { sequence, ..line });
    assert_eq!(lines, expected.collect::<Vec<_>>());
    assert_eq!(test.log.lines(run, 1, 1).await.unwrap(), [LogLine { sequence: 2, ..failed }]);
    assert_eq!(test.log.lines(other, 0, 100).await.unwrap(), []);
}

async fn a_log_is_bounded_and_says_so(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await.id;
    let many: Vec<_> = (0..MOST_LINES + 5).map(|number| line(&number.to_string(), None)).collect();
    test.log.append(run, &many).await.unwrap();
    test.log.append(run, &many[..1]).await.unwrap();
    let lines = test.log.lines(run, 0, usize::MAX).await.unwrap();
    assert_eq!(lines.len() as u64, MOST_LINES);
    let last = lines.last().unwrap();
    assert_eq!((last.sequence, last.level), (MOST_LINES, LogLevel::Warning));
    assert!(last.message.contains("no further"), "{}", last.message);
}

async fn a_line_of_an_unknown_run_is_refused(test: LedgerUnderTest) {
    let error = test.log.append(RunId::generate(), &[line("lost", None)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

fn line(message: &str, hop: Option<Hop>) -> LogLine {
    LogLine::new(at(1), LogLevel::Info, 1, hop, message)
}
