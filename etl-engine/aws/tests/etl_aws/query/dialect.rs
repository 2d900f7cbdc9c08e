//! The same SQL through DataFusion and through Athena.

use domain::query::QueryLimits;
use etl_engine::transformation::dialect::{DialectReport, DialectRequest, check_dialect};
use tokio_util::sync::CancellationToken;

use super::lake::{QueriedLake, athena_settings};
use crate::catalog::yellow;

async fn checked(lake: &QueriedLake, sql: &str) -> DialectReport {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (lake.data_fusion(folder.path()), lake.athena(athena_settings()));
    let request = DialectRequest { sql, table: &yellow(), limits: &QueryLimits::default() };
    let (catalog, cancel) = (lake.catalog.as_ref(), CancellationToken::new());
    check_dialect(catalog, &ours, &theirs, &request, &cancel).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_engines_are_asked_about_the_newest_day_and_compared() {
    let Some(lake) = super::lake().await else { return };
    lake.put_day("2020-08-04", &[Some("N"); 9]).await;
    lake.put_day("2020-08-05", &[Some("Y"), Some("N"), None, Some("Y")]).await;
    let same = checked(
        &lake,
        "SELECT flag, count(*) AS trips, sum(tip_amount) AS tips, max(day) AS day \
         FROM \"tlc\".\"yellow\" GROUP BY flag",
    )
    .await;
    assert_eq!(same.sentences(), Vec::<String>::new(), "{same:?}");
    assert_eq!(same.day, Some("2020-08-05".parse().unwrap()));
    assert_eq!((same.ours, same.theirs), ("DataFusion", "Athena"));

    // The emulator's engine divides whole numbers into fractions, which DataFusion does not.
    let differs =
        checked(&lake, "SELECT flag, sum(vendorid / 2) AS half FROM tlc.yellow GROUP BY flag")
            .await;
    let told = differs.sentences();
    assert_eq!(told[0], "column half is bigint in DataFusion and double in Athena");
    assert!(told.iter().any(|told| told.contains("with key (Y) half is 1 in DataFusion and 1.5")));

    let refused = checked(&lake, "SELECT vendorid, encode(flag, 'hex') AS h FROM tlc.yellow").await;
    let told = refused.sentences();
    assert!(told.len() == 1 && told[0].starts_with("Athena refuses the SQL: "), "{told:?}");
}
