//! A real file through the lake in AWS, and what is looked at on its way: buckets, catalog, audit, topic.

use std::collections::BTreeSet;
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

    assert_catalogued(site, dev, of).await;
    assert_audited(site, dev, run["id"].as_str().unwrap()).await;
    count("rows_written")
}

/// The newest run of a dataset, once there is one and it has ended.
async fn ended(site: &Site, of: &Dataset) -> Value {
    let begin = Instant::now();
    loop {
        let runs = site.json(0, &["runs", "list", "--dataset", of.dataset]);
        if let Some(run) = first_runs(&runs).first() {
            return ended_run(site, run["id"].as_str().unwrap()).await;
        }
        assert!(begin.elapsed() < PATIENCE, "no event came: {runs}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A run, once it has ended.
pub(super) async fn ended_run(site: &Site, id: &str) -> Value {
    let begin = Instant::now();
    loop {
        let run = site.json(0, &["runs", "show", id]);
        if !["QUEUED", "RUNNING"].contains(&run["status"].as_str().unwrap()) {
            return run;
        }
        assert!(begin.elapsed() < PATIENCE, "it does not end: {run}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Runs of arrivals that nobody knew of, newest first. Of an event that comes twice, as it may, the
/// second one is a run that is recorded DUPLICATE.
pub(super) fn first_runs(runs: &Value) -> Vec<&Value> {
    let runs = runs.as_array().unwrap().iter();
    runs.filter(|run| run["status"] != "DUPLICATE").collect()
}

/// The partitions of both tables are exactly the folders that files lie in. Queries do not tell: the
/// emulator's Athena reads all files below a table's location, whatever the catalog says.
async fn assert_catalogued(site: &Site, dev: &Account, of: &Dataset) {
    let glue = aws_sdk_glue::Client::new(dev.sdk());
    for (zone, database) in
        [("conformed", "datalake_raw_source"), ("purpose-built", "datablog_arg")]
    {
        let table = glue.get_table().database_name(database).name(of.table).send().await.unwrap();
        let keys = table.table().unwrap().partition_keys();
        let keys: Vec<_> = keys.iter().map(|key| key.name()).collect();
        assert_eq!(keys, ["year", "month", "day"], "{database}");
        let partitions = glue.get_partitions().database_name(database).table_name(of.table);
        let partitions = partitions.send().await.unwrap();
        let location = |partition: &aws_sdk_glue::types::Partition| {
            partition.storage_descriptor().unwrap().location().unwrap().to_owned()
        };
        let mut locations: Vec<_> = partitions.partitions().iter().map(location).collect();
        locations.sort();
        let folders = folders(dev, &site.bucket("dev", zone), of).await;
        assert_eq!(locations, Vec::from_iter(folders), "{zone}");
    }
}

/// The folders of a dataset's files in a zone, which are those of days.
async fn folders(dev: &Account, bucket: &str, of: &Dataset) -> BTreeSet<String> {
    let s3 = aws_sdk_s3::Client::new(dev.sdk());
    let pages = s3.list_objects_v2().bucket(bucket).prefix(format!("{}/", of.dataset));
    let files = pages.into_paginator().send().try_collect().await.unwrap();
    let keys = files.iter().flat_map(|page| page.contents()).map(|file| file.key().unwrap());
    let folders: BTreeSet<_> = keys.map(|key| folder(bucket, key, of)).collect();
    assert!(!folders.is_empty(), "no files of {} in {bucket}", of.dataset);
    folders
}

/// The folder of a key, which is `<dataset>/year=…/month=…/day=…/<name>.parquet`.
fn folder(bucket: &str, key: &str, of: &Dataset) -> String {
    let (folder, name) = key.rsplit_once('/').unwrap();
    let below = folder.strip_prefix(of.dataset).unwrap().split('/');
    let parts: Vec<_> = below.map(|part| part.split('=').next().unwrap()).collect();
    assert_eq!(parts, ["", "year", "month", "day"], "{key}");
    assert!(name.ends_with(".parquet"), "{key}");
    format!("s3://{bucket}/{folder}/")
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
