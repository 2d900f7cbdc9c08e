//! From four empty accounts to query results, and to prod: what the reference's users do, in its order.

use std::time::{Duration, Instant};

use domain::partition::Partition;
use serde_json::{Value, json};
use server::demo::{TripFile, TripKind};

use super::data::{GREEN, Told, YELLOW, ended_run, files, move_a_file};
use super::site::Site;
use super::workbench::Workbench;

/// What a push adds to the SQL.
const REMARK: &str = "trips by pick-up and drop-off";
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lake_comes_from_four_empty_accounts_to_query_results_and_to_prod() {
    let Some(site) = Site::new() else { return };
    let Some([green, yellow]) = files() else {
        eprintln!("SKIPPED a lake on AWS: shared/data is not beside the repository");
        return;
    };
    site.push().await;
    assert_doctor(&site, false, "sluice bootstrap deployment --create");
    bootstrap(&site);
    for environment in ["dev", "test", "prod"] {
        let put = site.json(0, &["configure", environment]);
        assert!(put.to_string().contains("ServerRoleArn"), "{put}");
    }
    let told = site.told(&["secrets", "set", "/sluice/dev/ApiKey", "--env", "dev"], "s3cr3t");
    let listed = site.json(0, &["secrets", "list", "--env", "dev"]);
    assert_eq!(listed[0]["name"], "/sluice/dev/ApiKey");
    assert!(!format!("{told:?}{listed}").contains("s3cr3t"), "values are never printed");

    assert_doctor(&site, true, "sluice deploy --all");

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
    let told = Told::subscribe(&site, &dev).await;
    let workbench = Workbench::open(&site);
    let rows = move_a_file(&site, &dev, &GREEN, &green).await;
    told.assert_success(&GREEN).await;
    workbench.assert_rows(&GREEN, rows);
    let rows = move_a_file(&site, &dev, &YELLOW, &yellow).await;
    workbench.assert_rows(&YELLOW, rows);
    let uploaded = workbench.upload(&YELLOW, "more.csv", &trips());
    let uploaded = ended_run(&site, &uploaded).await;
    assert_eq!(uploaded["steps"][0]["counts"]["rows_written"], 500, "{uploaded}");
    workbench.assert_rows(&YELLOW, rows + 500);
    let release = pushed(&site).await;
    drop(workbench);

    // The same release, byte for byte, through test to prod.
    for environment in ["test", "prod"] {
        let promoted = site.json(3, &["promote", "--to", environment, "--wait"]);
        assert_eq!(promoted["release"], release, "{promoted}");
        site.approve(&promoted);
        let sql =
            site.well(&["transformations", "show", GREEN.dataset, "--env", environment]).stdout;
        assert!(sql.contains(REMARK), "{sql}");
    }
    let prod = aws_sdk_dynamodb::Client::new(site.account("prod").await.sdk());
    let table = site.named("prod", "transformations");
    let kept = prod.scan().table_name(table).send().await.unwrap();
    assert_eq!(kept.count(), 2, "both transformations are in prod's table");

    dialects_are_checked(&site).await;

    let gone = site.json(0, &["destroy", "--all", "--yes-destroy", "lake"]);
    assert!(gone.to_string().contains("AWS::S3::Bucket"), "what is retained is told: {gone}");
    assert_eq!(site.json(0, &["destroy", "--all"]), json!([]));
}

/// What the first deployment stands on is looked at, and the doctor names a command. The emulator lets
/// everybody take on roles that are not there, so that only the bucket tells.
fn assert_doctor(site: &Site, is_bootstrapped: bool, command: &str) {
    let found = site.json(1, &["doctor"]);
    let ok = |what: &str| {
        let checks = found.as_array().unwrap().iter();
        let mut named = checks.filter(|check| check["checked"].as_str().unwrap().starts_with(what));
        named.next().unwrap_or_else(|| panic!("{what}: {found}"))["ok"] == true
    };
    assert!(ok("deploy role"), "{found}");
    assert_eq!(ok("asset bucket"), is_bootstrapped, "{found}");
    assert!(found.to_string().contains(command), "{found}");
}

/// Trips that somebody has on their own machine.
fn trips() -> String {
    let first_day = Partition::from_values("2020", "08", "01").unwrap();
    let kind = TripKind::Yellow;
    let file = TripFile { kind, rows: 500, seed: 6, first_day, days: 3, faults: false };
    let mut text = Vec::new();
    file.write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
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

/// With a server running, a push is all it takes. The release that dev runs then.
async fn pushed(site: &Site) -> Value {
    let before = site.json(0, &["pipelines", "list", "--env", "dev"])[0]["id"].clone();
    let path = format!("transformations/{}.sql", GREEN.dataset);
    let sql = std::fs::read_to_string(site.lake().join(&path)).unwrap();
    site.write(&path, &format!("-- {REMARK}\n{sql}"));
    site.push().await;
    let begin = Instant::now();
    loop {
        let newest = site.json(0, &["pipelines", "list", "--env", "dev"])[0].clone();
        if newest["id"] != before && newest["status"] == "SUCCEEDED" {
            assert_eq!(newest["cause"]["kind"], "poll", "{newest}");
            break newest["release"].clone();
        }
        let failed = newest["status"] == "FAILED" || newest["status"] == "AWAITING_APPROVAL";
        assert!(!failed && begin.elapsed() < PATIENCE, "{newest}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// SQL that DataFusion takes and Athena does not fails the build; other values are listed.
async fn dialects_are_checked(site: &Site) {
    let path = format!("transformations/{}.sql", GREEN.dataset);
    let of = |columns: &str| {
        format!("SELECT {columns}, year, month, day FROM datalake_raw_source.{}", GREEN.table)
    };
    site.write(&path, &of("vendorid, encode(store_and_fwd_flag, 'hex') AS flag"));
    site.push().await;
    let told = site.ends(1, &["deploy", "--all"]);
    assert!(told.stderr.contains("Athena refuses the SQL"), "{told:?}");

    // The emulator's engine divides whole numbers into fractions.
    let sql = of("vendorid, sum(payment_type / 2) AS half");
    site.write(&path, &format!("{sql} GROUP BY vendorid, year, month, day"));
    site.push().await;
    // It is deployed to dev at once; test is asked about.
    site.ends(3, &["deploy", "--all"]);
    let executions = site.json(0, &["pipelines", "list", "--env", "dev"]);
    let log = site.well(&["pipelines", "log", executions[0]["id"].as_str().unwrap()]).stdout;
    assert!(log.contains("column half is bigint in DataFusion and double in Athena"), "{log}");
}
