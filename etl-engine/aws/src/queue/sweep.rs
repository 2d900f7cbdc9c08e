//! The sweep of the raw zone: it tells of objects that no event told of (promise A12).
//!
//! A sweep lists the whole zone, a page with each call. The ledger is asked about newer objects only,
//! once a sweep has found nothing new among the older ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws::{Account, failed};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, ObjectVersion};
use domain::Result;
use domain::arrival::{Arrival, Sequencer, is_data_key};
use domain::dataset::DatasetId;
use domain::run::Trigger;
use etl_engine::run::{CommittedObjects, Message, RunLedger};
use jiff::{SignedDuration, Timestamp};

use super::in_flight::InFlight;
use super::{SqsArrivalSettings, event};
use crate::zone::{from_url, s3_client};

/// An upload in parts bears the time at which it began, and may go on for days.
const LONGEST_UPLOAD: SignedDuration = SignedDuration::from_hours(8 * 24);
/// A sweep that failed begins again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Where the sweep is.
#[derive(Debug)]
pub(super) struct Sweep {
    s3: Client,
    ledger: Arc<dyn RunLedger>,
    committed: Arc<dyn CommittedObjects>,
    settings: Arc<SqsArrivalSettings>,
    next_at: Instant,
    round: Option<Round>,
    /// Everything that landed before is known.
    known_before: Timestamp,
}

/// One way through the zone.
#[derive(Debug)]
struct Round {
    began_at: Timestamp,
    marker: Option<(String, Option<String>)>,
    found_news: bool,
}

impl Sweep {
    pub(super) fn new(
        account: &Account,
        ledger: Arc<dyn RunLedger>,
        committed: Arc<dyn CommittedObjects>,
        settings: Arc<SqsArrivalSettings>,
    ) -> Self {
        let (s3, next_at) = (s3_client(account), Instant::now());
        let known_before = Timestamp::MIN;
        Self { s3, ledger, committed, settings, next_at, round: None, known_before }
    }

    /// Whether pages are left.
    pub(super) fn is_under_way(&self) -> bool {
        self.round.is_some()
    }

    /// Messages about the next page, when it is time. What fails is tried again later: events are not
    /// held up by it.
    pub(super) async fn next_page(&mut self, in_flight: &InFlight) -> Vec<Message> {
        if self.round.is_none() && self.next_at > Instant::now() {
            return Vec::new();
        }
        let fresh = || Round { began_at: Timestamp::now(), marker: None, found_news: false };
        let mut round = self.round.take().unwrap_or_else(fresh);
        match self.look(&mut round, in_flight).await {
            Ok(messages) => {
                round.found_news |= !messages.is_empty();
                if round.marker.is_some() {
                    self.round = Some(round);
                } else {
                    self.end(&round);
                }
                messages
            }
            Err(error) => {
                tracing::warn!(%error, "the raw zone was not swept to its end; again later");
                self.next_at = Instant::now() + AGAIN_AFTER.min(self.settings.sweep_every);
                Vec::new()
            }
        }
    }

    fn end(&mut self, round: &Round) {
        // What was told of may still fail to be recorded: the next sweep looks at it once more.
        if !round.found_news {
            self.known_before = round.began_at.saturating_sub(LONGEST_UPLOAD).unwrap_or_default();
        }
        self.next_at = Instant::now() + self.settings.sweep_every;
    }

    async fn look(&self, round: &mut Round, in_flight: &InFlight) -> Result<Vec<Message>> {
        let (key, version) = round.marker.take().unzip();
        let request = self.s3.list_object_versions().bucket(&self.settings.bucket);
        let request = request
            .encoding_type(EncodingType::Url)
            .set_key_marker(key)
            .set_version_id_marker(version.flatten());
        let page = request.send().await.map_err(|error| failed("sweep the raw zone", error))?;
        if page.is_truncated() == Some(true) {
            let key = page.next_key_marker().map(|key| decoded(&page, key));
            round.marker = key.map(|key| (key, page.next_version_id_marker().map(str::to_owned)));
        }
        let grace = SignedDuration::try_from(self.settings.sweep_grace).unwrap_or_default();
        let until = Timestamp::now().saturating_sub(grace).unwrap_or_default();
        let arrivals = page.versions().iter().filter_map(|found| self.arrival(&page, found));
        let candidates: Vec<_> = arrivals
            .filter(|arrival| self.known_before <= arrival.landed_at && arrival.landed_at < until)
            .filter(|arrival| !in_flight.is_dead(arrival))
            .collect();
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let mut messages = Vec::new();
        for arrival in self.ledger.unknown(candidates).await? {
            let arrival = self.in_order(arrival).await?;
            let receipt = "sweep".to_owned();
            messages.push(Message { receipt, arrival, trigger: Trigger::Sweep });
        }
        Ok(messages)
    }

    /// The arrival of the newest version of a key, if it is data of some dataset. Older versions were
    /// replaced before anybody heard of them, and are not worth a run.
    fn arrival(&self, page: &ListObjectVersionsOutput, found: &ObjectVersion) -> Option<Arrival> {
        if found.is_latest() != Some(true) {
            return None;
        }
        let key = decoded(page, found.key()?);
        if !is_data_key(&key) || DatasetId::of_key(&key).is_err() {
            return None;
        }
        let id = found.version_id().map(str::to_owned);
        let version = event::version(id, found.e_tag().map(str::to_owned))?;
        let modified = found.last_modified()?;
        let nanoseconds = i32::try_from(modified.subsec_nanos()).ok()?;
        let landed_at = Timestamp::new(modified.secs(), nanoseconds).ok()?;
        Some(Arrival {
            bucket: self.settings.bucket.clone(),
            key,
            version,
            sequencer: Sequencer(String::new()),
            size: found.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            landed_at,
        })
    }

    /// Gives an arrival its place among the versions of its key. A listing does not tell sequencers.
    async fn in_order(&self, arrival: Arrival) -> Result<Arrival> {
        let dataset = DatasetId::of_key(&arrival.key)?;
        let before = self.committed.object(&dataset, &arrival.key).await?;
        let before = before.map(|object| object.sequencer);
        Ok(Arrival { sequencer: sequencer(before.as_ref(), arrival.landed_at), ..arrival })
    }
}

/// The sequencer of a version that is the newest of its key: behind what is committed, and before
/// every version that comes later.
///
/// S3 promises an order, and no more. Its sequencers begin with the second, in ten hexadecimal
/// digits, as long as there are any; where those that are committed do so too, the end of the
/// second is used, which is behind versions that are recorded and not yet committed as well.
fn sequencer(before: Option<&Sequencer>, landed_at: Timestamp) -> Sequencer {
    let of_second = Sequencer(format!("{:010X}FFFFFFFF", landed_at.as_second()));
    // Later ones differ in the digits that are there already.
    let behind = before.map(|before| Sequencer(format!("{}01", before.0)));
    match behind {
        None => of_second,
        Some(behind) if begins_with_second(&behind) => behind.max(of_second),
        Some(behind) => behind,
    }
}

fn begins_with_second(sequencer: &Sequencer) -> bool {
    /// The first second of 2006, when S3 began.
    const FIRST: i64 = 1_136_073_600;
    let second = sequencer.0.get(..10).and_then(|digits| i64::from_str_radix(digits, 16).ok());
    let tomorrow = Timestamp::now().as_second() + 24 * 3600;
    second.is_some_and(|second| (FIRST..tomorrow).contains(&second))
}

/// A key of a page, which says itself whether it is encoded.
fn decoded(page: &ListObjectVersionsOutput, key: &str) -> String {
    match page.encoding_type() {
        Some(EncodingType::Url) => from_url(key),
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_what_the_sweep_finds_is_behind_what_came_and_before_what_comes() {
        let second = |second: i64| Timestamp::from_second(second).unwrap();
        let text = |text: &str| Sequencer(text.to_owned());
        // 2015-07-21, from the documentation of S3.
        let (first, later) = (text("0055AED6DCD90281E5"), text("0055AED6DCD90281E6"));
        let found = sequencer(Some(&first), second(0x55AE_D6DC));
        assert!(first < found && found < text("0055AED6DD00000000"));
        let begun_earlier = sequencer(Some(&first), second(0x55AE_0000));
        assert!(first < begun_earlier && begun_earlier < later);
        let unknown = sequencer(None, second(0x55AE_D6DC));
        assert!(first < unknown && unknown < text("0055AED6DD00000000"));
        let other_form = text("000000065D0000A1B2");
        let found = sequencer(Some(&other_form), second(0x55AE_D6DC));
        assert!(other_form < found && found < text("000000065D0000A1B3"));
    }
}
