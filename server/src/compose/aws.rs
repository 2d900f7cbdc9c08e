//! The lake in AWS: S3 as zones, DynamoDB for state, Glue, Athena, SQS and SNS, each environment under the
//! roles of its own account.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws::Account;
use database::Database;
use domain::Result;
use etl_aws::{
    AthenaQueryService, DynamoDbOutbox, DynamoDbQualityStore, DynamoDbRunLedger,
    DynamoDbSourceRegistry, DynamoDbTransformationStore, GlueCatalog, SnsNotifier, SqsArrivalQueue,
    SqsArrivalSettings, s3_zone,
};
use etl_embedded::{RawZone, Uploads};
use etl_engine::lake::Lake;
use etl_engine::run::ArrivalQueue;

use super::aws_names::Names;
use super::embedded::notifiers;
use crate::config::{AwsPlace, LakeConfig};
use crate::open_lake::{Listening, OpenLake, OpenQueue, Parts};

/// The folder of uploads that are not complete, in the data folder.
const UNFINISHED: &str = "unfinished";

/// How long somebody asks the queue who waits for a single arrival.
const SHORT_LOOK: Duration = Duration::from_secs(1);

/// An environment in its account, with what is no port in an open database and a data folder. Asks AWS
/// nothing yet.
pub(super) async fn over(
    config: &LakeConfig,
    place: &AwsPlace,
    database: Database,
    data_dir: &Path,
) -> Result<OpenLake> {
    let names = Names(place);
    let own = Account::open(&place.settings).await;
    let engine = own.under_in(&names.role("engine"), &place.region).await;
    let query = own.under_in(&names.role("query"), &place.region).await;
    let ledger = Arc::new(DynamoDbRunLedger::new(&engine, names.ledger()));
    let state = names.named("run-state");
    let raw = s3_zone(&engine, &names.bucket("raw"))?;
    let lake = Lake {
        environment: config.environment.clone(),
        raw: Arc::clone(&raw),
        conformed: s3_zone(&engine, &names.bucket("conformed"))?,
        purpose_built: s3_zone(&engine, &names.bucket("purpose-built"))?,
        catalog: Arc::new(GlueCatalog::new(&engine, names.glue())),
        log: Arc::clone(&ledger) as _,
        reports: Arc::clone(&ledger) as _,
        committed: Arc::clone(&ledger) as _,
        ledger,
        sources: Arc::new(DynamoDbSourceRegistry::new(&engine, &names.named("sources"))),
        transformations: Arc::new(DynamoDbTransformationStore::new(
            &engine,
            &names.named("transformations"),
        )),
        quality: Arc::new(DynamoDbQualityStore::new(&engine, &state)),
        outbox: Arc::new(DynamoDbOutbox::new(&engine, &state)),
    };
    let unfinished = data_dir.join(UNFINISHED).join(config.environment.as_str());
    let raw_zone = RawZone::bucket(names.bucket("raw"), raw, unfinished);
    let uploads =
        Uploads::new(database.clone(), lake.environment.clone(), raw_zone.clone(), config.uploads);
    let mut notifiers = notifiers(config, data_dir)?;
    notifiers.push(Arc::new(SnsNotifier::new(&engine, &names.topic(), lake.environment.clone())));
    let queries = AthenaQueryService::new(&query, names.athena(), Arc::clone(&lake.catalog));
    Ok(OpenLake::new(Parts {
        notifiers,
        settings: config.settings.clone(),
        data_dir: data_dir.to_owned(),
        raw_zone,
        uploads,
        open_queue: listen(engine, names.arrivals(), &lake),
        queries: Some(Arc::new(queries)),
        database,
        lake,
    }))
}

fn listen(engine: Account, settings: SqsArrivalSettings, lake: &Lake) -> OpenQueue {
    let (ledger, committed) = (Arc::clone(&lake.ledger), Arc::clone(&lake.committed));
    Arc::new(move |listening| {
        let (ledger, committed) = (Arc::clone(&ledger), Arc::clone(&committed));
        let settings = match listening {
            Listening::Always => settings.clone(),
            Listening::Once => SqsArrivalSettings { wait: SHORT_LOOK, ..settings.clone() },
        };
        let queue = SqsArrivalQueue::new(&engine, ledger, committed, settings);
        Ok(Arc::new(queue) as Arc<dyn ArrivalQueue>)
    })
}
