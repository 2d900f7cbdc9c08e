//! Events of S3 as arrivals, and arrivals as such events.

use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a message tells of.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// Objects that were made; none for S3's test and for what is no arrival.
    Records(Vec<Result<Arrival, Poison>>),
    /// Nothing that S3 says; why.
    Nonsense(String),
}

/// A record that can never be handled, as an event of its own.
#[derive(Debug, PartialEq)]
pub(super) struct Poison {
    pub(super) body: String,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: Timestamp,
    s3: About,
}

#[derive(Debug, Deserialize)]
struct About {
    bucket: Bucket,
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(default)]
    size: u64,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// Reads the body of a message: an event of S3, also as SNS hands it on.
pub(super) fn read(body: &str, bucket: &str) -> Told {
    let Ok(event) = serde_json::from_str::<Value>(body) else {
        return Told::Nonsense("the message is no JSON".to_owned());
    };
    if let (Some("Notification"), Some(inner)) = (event["Type"].as_str(), event["Message"].as_str())
    {
        return read(inner, bucket);
    }
    if event["Event"] == "s3:TestEvent" {
        return Told::Records(Vec::new());
    }
    let Value::Object(mut event) = event else {
        return Told::Nonsense("the message is no event of S3".to_owned());
    };
    let Some(Value::Array(records)) = event.remove("Records") else {
        return Told::Nonsense("the message is no event of S3: it has no records".to_owned());
    };
    let made = records.into_iter().filter(is_arrival);
    Told::Records(made.map(|record| arrival(record, bucket)).collect())
}

/// Objects that are taken away, restored or tagged are no arrivals. What has no name is looked at.
fn is_arrival(record: &Value) -> bool {
    record["eventName"]
        .as_str()
        .is_none_or(|name| name.trim_start_matches("s3:").starts_with("ObjectCreated:"))
}

fn arrival(record: Value, bucket: &str) -> Result<Arrival, Poison> {
    let reason = match Record::deserialize(&record) {
        Err(error) => format!("the record of the event cannot be read: {error}"),
        Ok(read) if read.s3.bucket.name != bucket => {
            format!("the event is of the bucket {}, not {bucket}", read.s3.bucket.name)
        }
        Ok(read) => match arrival_of(read) {
            Ok(arrival) => return Ok(arrival),
            Err(reason) => reason,
        },
    };
    Err(Poison { body: json!({ "Records": [record] }).to_string(), reason })
}

fn arrival_of(record: Record) -> Result<Arrival, String> {
    let object = record.s3.object;
    let key = decoded(&object.key)
        .ok_or_else(|| format!("the key {:?} of the event is no UTF-8", object.key))?;
    let version = version(object.version_id, object.e_tag)
        .ok_or_else(|| format!("the event says neither version nor eTag of {key:?}"))?;
    Ok(Arrival {
        bucket: record.s3.bucket.name,
        key,
        version,
        sequencer: Sequencer(object.sequencer.unwrap_or_default()),
        size: object.size,
        landed_at: record.event_time,
    })
}

/// Events have keys as forms have them: `+` for a space, other characters percent-encoded.
fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

/// Which bytes. An object of a bucket that keeps no versions has none, or the version `null`, which
/// may be replaced. S3 leaves the quotes of an eTag out in events, and has them everywhere else.
pub(super) fn version(id: Option<String>, e_tag: Option<String>) -> Option<ObjectVersion> {
    match id.filter(|id| !id.is_empty() && id != "null") {
        Some(id) => Some(ObjectVersion::VersionId(id)),
        None => {
            let tag = e_tag.filter(|tag| !tag.is_empty())?;
            Some(ObjectVersion::ETag(format!("\"{}\"", tag.trim_matches('"'))))
        }
    }
}

/// An arrival as the event that would tell of it, so that it can be sent to the queue again.
pub(super) fn body_of(arrival: &Arrival) -> String {
    let mut object = json!({
        "key": utf8_percent_encode(&arrival.key, NON_ALPHANUMERIC).to_string(),
        "size": arrival.size,
        "sequencer": arrival.sequencer.0,
    });
    match &arrival.version {
        ObjectVersion::VersionId(id) => object["versionId"] = json!(id),
        ObjectVersion::ETag(tag) => object["eTag"] = json!(tag.trim_matches('"')),
    }
    let record = json!({
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": arrival.landed_at,
        "s3": { "bucket": { "name": arrival.bucket }, "object": object },
    });
    json!({ "Records": [record] }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, object: Value) -> Value {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
            "eventTime": "2020-08-05T01:02:03.456Z", "eventName": name,
            "s3": { "s3SchemaVersion": "1.0", "bucket": { "name": "raw" }, "object": object },
        })
    }

    fn object(key: &str) -> Value {
        json!({ "key": key, "size": 7, "eTag": "d41d8", "versionId": "v1", "sequencer": "0A1B" })
    }

    fn event(records: &[Value]) -> String {
        json!({ "Records": records }).to_string()
    }

    fn records(body: &str) -> Vec<Result<Arrival, Poison>> {
        match read(body, "raw") {
            Told::Records(records) => records,
            Told::Nonsense(reason) => panic!("{reason}"),
        }
    }

    #[test]
    fn c2_keys_are_decoded_once() {
        let cases = [
            ("tlc/y/a+b.csv", "tlc/y/a b.csv"),
            ("tlc/y/a%2Bb.csv", "tlc/y/a+b.csv"),
            ("tlc/y/50%2525.csv", "tlc/y/50%25.csv"),
            ("tlc/y/%C3%BC.csv", "tlc/y/ü.csv"),
            ("tlc/y//a.csv", "tlc/y//a.csv"),
        ];
        for (written, key) in cases {
            let found = records(&event(&[record("ObjectCreated:Put", object(written))]));
            let arrival = found[0].as_ref().unwrap();
            assert_eq!(arrival.key, key);
            let (version, size) = (ObjectVersion::VersionId("v1".into()), 7);
            assert_eq!((&arrival.version, arrival.size), (&version, size));
            assert_eq!(arrival.sequencer.0, "0A1B");
            assert_eq!(arrival.landed_at.to_string(), "2020-08-05T01:02:03.456Z");
            assert_eq!(records(&body_of(arrival)), found, "told again");
        }
    }

    #[test]
    fn a11_every_record_is_read_and_one_that_is_poison_stands_alone() {
        let nameless = json!({ "size": 1 });
        let other = json!({ "bucket": { "name": "elsewhere" }, "object": object("a/b/c") });
        let mut elsewhere = record("ObjectCreated:Put", object("a/b/c"));
        elsewhere["s3"] = other;
        let found = records(&event(&[
            record("ObjectCreated:Put", object("tlc/y/1.csv")),
            record("ObjectCreated:Put", nameless),
            record("ObjectRemoved:Delete", object("tlc/y/gone.csv")),
            record("ObjectCreated:Put", object("tlc/y/%FF.csv")),
            record("ObjectCreated:CompleteMultipartUpload", object("tlc/y/2.csv")),
            elsewhere,
        ]));
        let keys: Vec<_> = found.iter().map(|found| found.as_ref().ok().map(|a| &*a.key)).collect();
        assert_eq!(keys, [Some("tlc/y/1.csv"), None, None, Some("tlc/y/2.csv"), None]);
        let poison: Vec<_> = found.into_iter().filter_map(Result::err).collect();
        assert!(poison[0].reason.contains("missing field `key`"), "{poison:?}");
        assert!(poison[1].reason.contains("no UTF-8"), "{poison:?}");
        assert!(poison[2].reason.contains("elsewhere"), "{poison:?}");
        assert_eq!(records(&poison[0].body).len(), 1, "an event of its own");
    }

    #[test]
    fn a11_test_events_are_ignored_and_what_sns_hands_on_is_read() {
        let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "raw" });
        assert_eq!(records(&test.to_string()), []);
        let inner = event(&[record("ObjectCreated:Copy", object("tlc/y/1.csv"))]);
        let handed_on = json!({ "Type": "Notification", "Message": inner });
        assert_eq!(records(&handed_on.to_string()), records(&inner));
        for nonsense in ["", "{", "[]", "7", "{}", "{\"Records\": 1}"] {
            assert!(matches!(read(nonsense, "raw"), Told::Nonsense(_)), "{nonsense}");
        }
    }

    #[test]
    fn a10_without_a_version_the_e_tag_names_the_bytes() {
        let tag = Some(ObjectVersion::ETag("\"d41d8\"".into()));
        for id in [None, Some(""), Some("null")] {
            for e_tag in ["d41d8", "\"d41d8\""] {
                assert_eq!(version(id.map(str::to_owned), Some(e_tag.to_owned())), tag);
            }
        }
        assert_eq!(version(None, None), None);
    }
}
