//! `sluice doctor`: check the set-up and say what is wrong.

use std::process::ExitCode;

use domain::Result;
use domain::run::RunStatus;
use domain::zone::Zone;
use etl_engine::run::RunFilter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::output::{Output, Sheet};
use crate::compose;
use crate::compose::delivery_github;
use crate::config::{Config, LakeConfig};
use crate::open_lake::OpenLake;

/// One thing that was looked at.
struct Check {
    what: String,
    outcome: std::result::Result<String, String>,
}

/// Checks everything that the commands need. Fails when anything is wrong.
pub(super) async fn run(config: &Config, lake: &LakeConfig, output: Output) -> Result<ExitCode> {
    let mut checks = Vec::new();
    if let Some(place) = &lake.aws {
        let found = compose::look_at_aws(&config.aws, place).await.into_iter();
        checks.extend(found.map(|finding| Check {
            what: finding.what,
            outcome: finding.outcome.map_err(|error| error.to_string()),
        }));
    }
    match compose::open(lake).await {
        Ok(lake) => look_at(&lake, &mut checks).await,
        Err(error) => checks.push(Check { what: "lake".into(), outcome: Err(error.to_string()) }),
    }
    let delivery = &config.delivery;
    if let Some(stands) =
        delivery_github::look(&delivery.github, &delivery.branch).await.transpose()
    {
        let outcome = stands.map_err(|error| error.to_string());
        checks.push(Check { what: "lake repository on GitHub".into(), outcome });
    }
    let mut sheet = Sheet::new(&["checked", "state", "detail"]);
    let mut values = Vec::with_capacity(checks.len());
    for check in &checks {
        let (state, detail) = match &check.outcome {
            Ok(detail) => ("ok", detail),
            Err(detail) => ("WRONG", detail),
        };
        sheet.row([check.what.clone(), state.to_owned(), detail.clone()]);
        let ok = check.outcome.is_ok();
        values.push(serde_json::json!({ "checked": check.what, "ok": ok, "detail": detail }));
    }
    output.print(&sheet, &values, "")?;
    let well = checks.iter().all(|check| check.outcome.is_ok());
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look_at(lake: &OpenLake, checks: &mut Vec<Check>) {
    let mut add = |what: String, outcome: Result<String>| {
        checks.push(Check { what, outcome: outcome.map_err(|error| error.to_string()) });
    };
    add("database".into(), lake.ping().await.map(|()| lake.database_kind().to_owned()));
    for zone in [Zone::Raw, Zone::Conformed, Zone::PurposeBuilt] {
        // Whatever is put into a bucket that tells of landings is told of, and nothing may be deleted.
        if zone == Zone::Raw && lake.raw_zone.tells_of_landings() {
            continue;
        }
        let store = lake.lake.zone(zone).as_ref();
        add(format!("{zone} zone"), writable(store).await);
    }
    add("sources".into(), sources(lake).await);
    add("runs".into(), waiting(lake).await);
    add("catalog".into(), catalog(lake).await);
}

/// Writes and deletes a file that nothing takes for data.
async fn writable(store: &dyn ObjectStore) -> Result<String> {
    let probe = Path::from(format!("_doctor/{}", std::process::id()));
    let failed = etl_engine::table_files::store_error;
    store.put(&probe, "probe".into()).await.map_err(failed)?;
    store.delete(&probe).await.map_err(failed)?;
    Ok("can be written".to_owned())
}

async fn sources(lake: &OpenLake) -> Result<String> {
    let sources = lake.lake.sources.list().await?;
    let mut without = Vec::new();
    for saved in &sources {
        saved.source.validate()?;
        if lake.lake.transformations.current(&saved.source.dataset).await?.is_none() {
            without.push(saved.source.dataset.to_string());
        }
    }
    let mut text = format!("{} registered", sources.len());
    if !without.is_empty() {
        text.push_str(&format!("; without transformation: {}", without.join(", ")));
    }
    Ok(text)
}

async fn waiting(lake: &OpenLake) -> Result<String> {
    let mut parts = Vec::new();
    for status in [RunStatus::Queued, RunStatus::Running, RunStatus::Held, RunStatus::Failed] {
        let filter = RunFilter { statuses: vec![status], limit: 1_000, ..RunFilter::default() };
        let count = lake.lake.ledger.list(&filter).await?.len();
        parts.push(format!("{count} {status}"));
    }
    Ok(parts.join(", "))
}

/// Every catalog partition must have its folder, and files in it.
async fn catalog(lake: &OpenLake) -> Result<String> {
    use futures::StreamExt;
    let (mut tables, mut partitions) = (0, 0);
    for table in lake.lake.catalog.tables(None).await? {
        tables += 1;
        for stored in lake.lake.catalog.partitions(&table.name, None).await? {
            partitions += 1;
            let folder = format!("{}/{}", table.location, stored.partition.path());
            let mut files = lake.lake.zone(table.zone).list(Some(&Path::from(folder.as_str())));
            if files.next().await.is_none() && stored.rows > 0 {
                return Err(domain::Error::internal(format!(
                    "{} has partition {} in the catalog, but {folder} is empty: replay run {}",
                    table.name, stored.partition, stored.run
                )));
            }
        }
    }
    Ok(format!("{tables} tables, {partitions} partitions, each with its files"))
}
