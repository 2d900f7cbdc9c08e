//! Keys of the table of the run state.
//!
//! Names that people chose stand last, or behind their length, so that no two things have one key.
//! A dataset has no `#` in it.

use domain::Result;
use domain::arrival::Arrival;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::RunId;

use crate::dynamo_db::attributes::text_of;
use crate::dynamo_db::{Item, text};

/// Where the only item of its kind stands below its first key.
const ONLY: &str = "-";

/// All datasets that have queued or running runs, one item each: what [claim](super::claim) asks.
pub(super) const WORK: &str = "work";
/// All datasets that ever had a run, one item each.
pub(super) const DATASETS: &str = "datasets";
/// How many runs have each status, in shares.
pub(super) const COUNTS: &str = "counts";
/// The same by the day of recording.
pub(super) const DAYS: &str = "days";

/// A key of its two parts.
pub(crate) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// The key of an item that an index found.
pub(crate) fn place(found: &Item) -> Result<Item> {
    Ok(key(text_of(found, "pk")?, text_of(found, "sk")?))
}

/// Says which run recorded an arrival first.
pub(super) fn first_record(arrival: &Arrival) -> Item {
    let Arrival { bucket, key: object, version, .. } = arrival;
    key(format!("arrival#{}#{bucket}#{object}", bucket.len()), version.to_string())
}

/// Below it, the ids of all runs of a raw object.
pub(super) fn runs_of_object(object: &str) -> String {
    format!("runs#{object}")
}

/// Below it, the queued runs of a dataset in the order of recording.
pub(super) fn queue(dataset: &DatasetId) -> String {
    format!("queue#{dataset}")
}

/// Below it, the held runs of a dataset.
pub(super) fn held(dataset: &DatasetId) -> String {
    format!("held#{dataset}")
}

/// Below it, the lines of a run's log.
pub(super) fn log(run: RunId) -> String {
    format!("log#{run}")
}

/// What the conformed zone holds of a raw object.
pub(super) fn committed(dataset: &DatasetId, object: &str) -> Item {
    key(format!("object#{dataset}#{object}"), ONLY)
}

/// Below it, what each commit put into a partition.
pub(super) fn partition(dataset: &DatasetId, partition: Partition) -> String {
    format!("partition#{dataset}#{partition}")
}

/// A notification by its id.
pub(crate) fn notification(id: &str) -> Item {
    key(format!("notification#{id}"), ONLY)
}

/// Who is told of what.
pub(crate) fn routes() -> Item {
    key("routes", ONLY)
}

#[cfg(test)]
mod tests {
    use domain::arrival::{ObjectVersion, Sequencer};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn names_with_separators_in_them_never_share_a_key() {
        let of = |bucket: &str, object: &str, version: ObjectVersion| {
            let at = Timestamp::UNIX_EPOCH;
            first_record(&Arrival {
                bucket: bucket.into(),
                key: object.into(),
                version,
                sequencer: Sequencer::at(at),
                size: 0,
                landed_at: at,
            })
        };
        let tag = |tag: &str| ObjectVersion::ETag(tag.into());
        let keys = [
            of("raw", "a#b", tag("1")),
            of("raw#a", "b", tag("1")),
            of("raw", "a", tag("b#1")),
            of("raw", "a#b", ObjectVersion::VersionId("1".into())),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(keys[index + 1..].iter().all(|other| one != other), "{one:?}");
        }
    }
}
