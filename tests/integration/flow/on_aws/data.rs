//! A real file through the lake in AWS, and what is looked at on its way: buckets, catalog, audit, topic.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws::Account;
use serde_json::Value;

use super::site::Site;

/// A machine that does many things at once may take so long for a file.
const PATIENCE: Duration = Duration::from_secs(240);

/// A dataset of the reference.
pub(super) struct Dataset {
    pub(super) dataset: &'static str,
    pub(super) table: &'static str,
}

pub(super) const GREEN: Dataset =
    Dataset { dataset: "tlc_taxi_data/green_taxi_record_data", table: "green_taxi_record_data" };
pub(super) const YELLOW: Dataset =
    Dataset { dataset: "tlc_taxi_data/yellow_taxi_trip_record", table: "yellow_taxi_trip_record" };

/// The real files of both, green first. `None` where they are not at hand.
pub(super) fn files() -> Option<[PathBuf; 2]> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let files = ["green_tripdata_2020-08.csv.gz", "yellow_tripdata_2020-08.sample10k.csv.gz"];
    let files = files.map(|name| shared.join(name));
    files.iter().all(|file| file.exists()).then_some(files)
}

/// Puts a file into the raw bucket as a producer does, and waits for its run. The rows it wrote.
pub(super) async fn move_a_file(site: &Site, dev: &Account, of: &Dataset, file: &Path) -> u64 {
    let s3 = aws_sdk_s3::Client::new(dev.sdk());
    let body = aws_sdk_s3::primitives::ByteStream::from_path(file).await.unwrap();
    let key = format!("{}/{}", of.dataset, file.file_name().unwrap().to_str().unwrap());
    s3.put_object().bucket(site.bucket("dev", "raw")).key(&key).body(body).send().await.unwrap();
    let run = ended(site, of).await;
    assert_eq!((&run["status"], &run["trigger"]), (&"SUCCEEDED".into(), &"event".into()), "{run}");
    let counts = &run["steps"][0]["counts"];
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(count("rows_read"), count("rows_written") + count("rows_rejected"), "{run}");
    assert!(count("rows_written") > 0, "{run}");

    assert_partitioned(site, &s3, of).await;
    assert_catalogued(dev, of).await;
    assert_audited(site, dev, run["id"].as_str().unwrap()).await;
    count("rows_written")
}

async fn ended(site: &Site, of: &Dataset) -> Value {
    let begin = Instant::now();
    loop {
        let runs = site.json(0, &["runs", "list", "--dataset", of.dataset]);
        let run = &runs[0];
        let status = run["status"].as_str().unwrap_or("none yet");
        if !["none yet", "QUEUED", "RUNNING"].contains(&status) {
            return site.json(0, &["runs", "show", run["id"].as_str().unwrap()]);
        }
        assert!(begin.elapsed() < PATIENCE, "the run is {status}: {runs}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Conformed files lie below year, month and day.
async fn assert_partitioned(site: &Site, s3: &aws_sdk_s3::Client, of: &Dataset) {
    let conformed = s3.list_objects_v2().bucket(site.bucket("dev", "conformed"));
    let files = conformed.prefix(of.dataset).send().await.unwrap();
    let keys: Vec<_> = files.contents().iter().filter_map(|file| file.key()).collect();
    let is_hive = |key: &&str| {
        ["/year=", "/month=", "/day="].iter().all(|part| key.contains(part))
            && key.ends_with(".parquet")
    };
    assert!(!keys.is_empty() && keys.iter().all(is_hive), "{keys:?}");
}

async fn assert_catalogued(dev: &Account, of: &Dataset) {
    let glue = aws_sdk_glue::Client::new(dev.sdk());
    for database in ["datalake_raw_source", "datablog_arg"] {
        let table = glue.get_table().database_name(database).name(of.table).send().await.unwrap();
        let keys = table.table().unwrap().partition_keys();
        let keys: Vec<_> = keys.iter().map(|key| key.name()).collect();
        assert_eq!(keys, ["year", "month", "day"], "{database}");
    }
}

/// The run is an item of the reference's audit table.
async fn assert_audited(site: &Site, dev: &Account, run: &str) {
    let audit = aws_sdk_dynamodb::Client::new(dev.sdk());
    let id = aws_sdk_dynamodb::types::AttributeValue::S(run.to_owned());
    let table = site.named("dev", "etl-job-audit");
    let item = audit.get_item().table_name(table).key("execution_id", id).send().await.unwrap();
    let item = item.item.expect("the run is an item of the audit table");
    assert_eq!(item["job_latest_status"].as_s().unwrap(), "SUCCEEDED");
}

/// A queue that the topic of notifications fills.
pub(super) struct Told {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl Told {
    pub(super) async fn subscribe(site: &Site, dev: &Account) -> Self {
        let sqs = aws_sdk_sqs::Client::new(dev.sdk());
        let url = sqs.create_queue().queue_name("told").send().await.unwrap().queue_url.unwrap();
        let place = format!("{}:{}", dev.region(), site.number("dev"));
        let topic = format!("arn:aws:sns:{place}:{}", site.named("dev", "notifications"));
        let sns = aws_sdk_sns::Client::new(dev.sdk());
        let subscribe = sns.subscribe().topic_arn(topic).protocol("sqs");
        subscribe.endpoint(format!("arn:aws:sqs:{place}:told")).send().await.unwrap();
        Self { sqs, url }
    }

    pub(super) async fn assert_success(&self, of: &Dataset) {
        let told = self.sqs.receive_message().queue_url(&self.url).wait_time_seconds(15);
        let told = told.send().await.unwrap();
        let message = told.messages().first().and_then(|message| message.body());
        let message = message.expect("a message");
        assert!(message.to_lowercase().contains("succeeded"), "{message}");
        assert!(message.contains(of.dataset), "{message}");
    }
}
