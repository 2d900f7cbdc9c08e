//! Putting two edits of one text together.

use app::api::transformations::{MergeConflict, Merged, SavedTransformation};
use diffy::{ConflictStyle, MergeOptions};
use domain::dataset::DatasetId;
use domain::{Error, Result};
use etl_engine::lake::Lake;

use super::shown::saved;

/// Puts an edit of version `base` together with what was saved meanwhile.
/// [`domain::ErrorKind::NotFound`] when nothing is saved or `base` never was.
pub async fn merge(lake: &Lake, dataset: &DatasetId, base: u64, mine: &str) -> Result<Merged> {
    let store = &lake.transformations;
    let current = store.current(dataset).await?.map(saved).ok_or_else(|| {
        Error::not_found(format!("nothing is saved for {dataset}, so there is nothing to merge"))
    })?;
    let base = match base {
        0 => None,
        base => Some(store.version(dataset, base).await?.map(saved).ok_or_else(|| {
            Error::not_found(format!("the transformation of {dataset} has no version {base}"))
        })?),
    };
    let text = base.as_ref().map_or("", |base: &SavedTransformation| base.sql.as_str());
    let (merged, conflicts) = merged(text, mine, &current.sql);
    Ok(Merged { base, current, merged, conflicts })
}

fn merged(base: &str, mine: &str, theirs: &str) -> (String, Vec<MergeConflict>) {
    let [base, mine, theirs] = [base, mine, theirs].map(with_line_end);
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Diff3);
    match options.merge(&base, &mine, &theirs) {
        Ok(merged) => (merged, Vec::new()),
        Err(merged) => {
            let conflicts = conflicts(&merged);
            (merged, conflicts)
        }
    }
}

/// Every line ends, so that markers begin lines of their own.
fn with_line_end(text: &str) -> String {
    match text.is_empty() || text.ends_with('\n') {
        true => text.to_owned(),
        false => format!("{text}\n"),
    }
}

/// The conflicts between the markers of a merged text.
fn conflicts(merged: &str) -> Vec<MergeConflict> {
    let mut found: Vec<MergeConflict> = Vec::new();
    // Where lines go: 0 outside, 1 mine, 2 base, 3 theirs.
    let mut part = 0;
    for (number, line) in (1..).zip(merged.lines()) {
        match (line.get(..7), part) {
            (Some("<<<<<<<"), 0) => {
                let empty = String::new;
                let (mine, base, theirs) = (empty(), empty(), empty());
                found.push(MergeConflict { line: number, end_line: number, mine, base, theirs });
                part = 1;
            }
            (Some("|||||||"), 1) => part = 2,
            (Some("======="), 1 | 2) => part = 3,
            (Some(">>>>>>>"), 3) => {
                if let Some(last) = found.last_mut() {
                    last.end_line = number;
                }
                part = 0;
            }
            _ => {
                let Some(last) = found.last_mut() else { continue };
                let side = match part {
                    1 => &mut last.mine,
                    2 => &mut last.base,
                    3 => &mut last.theirs,
                    _ => continue,
                };
                side.push_str(line);
                side.push('\n');
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "select\n  a,\n  b,\n  c\nfrom t\nwhere a > 1";

    #[test]
    fn edits_of_different_places_are_put_together() {
        let mine = BASE.replace("  a,", "  a + 1 as a,");
        let theirs = BASE.replace("a > 1", "a > 2");
        let (text, conflicts) = merged(BASE, &mine, &theirs);
        assert_eq!(text, "select\n  a + 1 as a,\n  b,\n  c\nfrom t\nwhere a > 2\n");
        assert_eq!(conflicts, []);
    }

    #[test]
    fn edits_of_one_place_are_shown_both_and_nothing_is_lost() {
        let mine = BASE.replace("  b,", "  b * 2 as b,");
        let theirs = BASE.replace("  b,", "  b * 3 as b,");
        let (text, conflicts) = merged(BASE, &mine, &theirs);
        let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
        assert_eq!(conflict.mine, "  b * 2 as b,\n");
        assert_eq!(conflict.base, "  b,\n");
        assert_eq!(conflict.theirs, "  b * 3 as b,\n");
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[conflict.line as usize - 1].starts_with("<<<<<<<"));
        assert!(lines[conflict.end_line as usize - 1].starts_with(">>>>>>>"));
    }

    #[test]
    fn two_first_versions_meet_as_a_whole() {
        let (_, conflicts) = merged("", "select 1", "select 2");
        assert_eq!((conflicts[0].mine.as_str(), conflicts.len()), ("select 1\n", 1));
    }
}
