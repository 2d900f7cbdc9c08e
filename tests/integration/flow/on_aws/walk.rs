//! From four empty accounts to query results, and to prod: what the reference's users do, in its order.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use aws::Account;
use serde_json::Value;

use super::site::Site;

const GREEN: &str = "green_tripdata_2020-08.csv.gz";
const DATASET: &str = "tlc_taxi_data/green_taxi_record_data";
const TABLE: &str = "green_taxi_record_data";
/// A machine that does many things at once may take so long for a file.
const PATIENCE: Duration = Duration::from_secs(240);

/// A `sluice worker`, killed when it is dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lake_comes_from_four_empty_accounts_to_query_results_and_to_prod() {
    let Some(site) = Site::new() else { return };
    site.push().await;
    bootstrap(&site);
    for environment in ["dev", "test", "prod"] {
        let put = site.json(0, &["configure", environment]);
        assert!(put.to_string().contains("ServerRoleArn"), "{put}");
    }

    // The first deployment widens permissions: a person is asked.
    let first = site.json(3, &["deploy", "--all"]);
    assert_eq!(
        (&first["environment"], &first["status"]),
        (&"dev".into(), &"AWAITING_APPROVAL".into())
    );
    let page = site.well(&["plan", "show", first["id"].as_str().unwrap()]).stdout;
    assert!(page.contains("DevDataLakeEtlStorage") && !page.contains("simulated"), "{page}");
    site.approve(&first);
    let listed = site.json(0, &["ls", "--long"]);
    assert_eq!(listed[1]["simulated"], false, "{listed}");
    let sources = site.json(0, &["sources", "list"]);
    assert_eq!(sources.as_array().map(Vec::len), Some(2), "{sources}");

    let dev = site.account("dev").await;
    let told = subscribe(&site, &dev).await;
    let rows = move_a_file(&site, &dev).await;
    assert_notified(&dev, &told).await;
    query(&site, rows);

    // The same release, byte for byte, through test to prod.
    for environment in ["test", "prod"] {
        let promoted = site.json(3, &["promote", "--to", environment, "--wait"]);
        assert_eq!(promoted["release"], first["release"], "{promoted}");
        site.approve(&promoted);
        let sql = site.well(&["transformations", "show", DATASET, "--env", environment]).stdout;
        assert!(sql.contains("datalake_raw_source"), "{sql}");
    }
    let prod = aws_sdk_dynamodb::Client::new(site.account("prod").await.sdk());
    let table = site.named("prod", "transformations");
    let kept = prod.scan().table_name(table).send().await.unwrap();
    assert_eq!(kept.count(), 2, "both transformations are in prod's table");

    let gone = site.json(0, &["destroy", "--all", "--yes-destroy", "lake"]);
    assert!(gone.to_string().contains("AWS::S3::Bucket"), "what is retained is told: {gone}");
    assert_eq!(site.json(0, &["destroy", "--all"]), serde_json::json!([]));
}

/// The stacks that a person makes once; the deployment account learns of each environment.
fn bootstrap(site: &Site) {
    let deployment = ["bootstrap", "deployment", "--create"];
    site.well(&deployment);
    for environment in ["dev", "test", "prod"] {
        site.well(&["bootstrap", "target", environment, "--create"]);
    }
    let known = site.json(0, &deployment);
    assert!(
        known["simulated"] == false && !known["changes"].as_array().unwrap().is_empty(),
        "{known}"
    );
}

/// Puts the file into the raw bucket as a producer does, and waits for its run. The rows it wrote.
async fn move_a_file(site: &Site, dev: &Account) -> u64 {
    let file = file();
    let mut worker = site.command(&["worker", "--env", "dev"]);
    let worker = worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _worker = Worker(worker.unwrap());
    let s3 = aws_sdk_s3::Client::new(dev.sdk());
    let body = aws_sdk_s3::primitives::ByteStream::from_path(&file).await.unwrap();
    let key = format!("{DATASET}/{}", file.file_name().unwrap().to_str().unwrap());
    s3.put_object().bucket(site.bucket("dev", "raw")).key(&key).body(body).send().await.unwrap();
    let run = ended(site).await;
    assert_eq!((&run["status"], &run["trigger"]), (&"SUCCEEDED".into(), &"event".into()), "{run}");
    let step = &run["steps"][0]["counts"];
    let count = |name: &str| step[name].as_u64().unwrap();
    assert_eq!(count("rows_read"), count("rows_written") + count("rows_rejected"));

    let conformed = s3.list_objects_v2().bucket(site.bucket("dev", "conformed")).prefix(DATASET);
    let files = conformed.send().await.unwrap();
    let keys: Vec<_> = files.contents().iter().filter_map(|file| file.key()).collect();
    let hive =
        |key: &&str| key.contains("/year=") && key.contains("/month=") && key.ends_with(".parquet");
    assert!(!keys.is_empty() && keys.iter().all(hive), "{keys:?}");
    let glue = aws_sdk_glue::Client::new(dev.sdk());
    for database in ["datalake_raw_source", "datablog_arg"] {
        let table = glue.get_table().database_name(database).name(TABLE).send().await.unwrap();
        let keys = table
            .table()
            .unwrap()
            .partition_keys()
            .iter()
            .map(|key| key.name())
            .collect::<Vec<_>>();
        assert_eq!(keys, ["year", "month", "day"], "{database}");
    }
    let audit = aws_sdk_dynamodb::Client::new(dev.sdk());
    let id = aws_sdk_dynamodb::types::AttributeValue::S(run["id"].as_str().unwrap().to_owned());
    let item =
        audit.get_item().table_name(site.named("dev", "etl-job-audit")).key("execution_id", id);
    let item = item.send().await.unwrap().item.expect("the run is an item of the audit table");
    assert_eq!(item["job_latest_status"].as_s().unwrap(), "SUCCEEDED");
    count("rows_written")
}

/// The real file of the reference's walk; a generated one where it is not at hand.
fn file() -> PathBuf {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(GREEN);
    assert!(shared.exists(), "{} is not there", shared.display());
    shared
}

async fn ended(site: &Site) -> Value {
    let begin = Instant::now();
    loop {
        let runs = site.json(0, &["runs", "list"]);
        let run = runs[0].clone();
        let status = run["status"].as_str().unwrap_or("none yet").to_owned();
        if !["none yet", "QUEUED", "RUNNING"].contains(&status.as_str()) {
            return site.json(0, &["runs", "show", run["id"].as_str().unwrap()]);
        }
        assert!(begin.elapsed() < PATIENCE, "the run is {status}: {runs}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A queue that the topic of notifications fills; its address.
async fn subscribe(site: &Site, dev: &Account) -> String {
    let sqs = aws_sdk_sqs::Client::new(dev.sdk());
    let url = sqs.create_queue().queue_name("told").send().await.unwrap().queue_url.unwrap();
    let topic = format!(
        "arn:aws:sns:{}:{}:{}",
        dev.region(),
        site.number("dev"),
        site.named("dev", "notifications")
    );
    let queue = format!("arn:aws:sqs:{}:{}:told", dev.region(), site.number("dev"));
    let sns = aws_sdk_sns::Client::new(dev.sdk());
    sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await.unwrap();
    url
}

async fn assert_notified(dev: &Account, url: &str) {
    let sqs = aws_sdk_sqs::Client::new(dev.sdk());
    let told = sqs.receive_message().queue_url(url).wait_time_seconds(15).send().await.unwrap();
    let message = told.messages().first().and_then(|message| message.body()).expect("a message");
    assert!(message.contains("SUCCEEDED") || message.contains("succeeded"), "{message}");
}

/// The reference's query, by Athena.
fn query(site: &Site, written: u64) {
    let sql = format!("SELECT * FROM \"datablog_arg\".\"{TABLE}\" limit 10");
    let rows = site.json(0, &["query", &sql]);
    assert_eq!(rows["rows"].as_array().map(Vec::len), Some(10), "{rows}");
    let sql = format!("SELECT count(*) AS trips FROM \"datalake_raw_source\".\"{TABLE}\"");
    let rows = site.json(0, &["query", &sql]);
    assert_eq!(rows["rows"][0]["trips"].as_u64(), Some(written), "{rows}");
}
