//! What the templates of `infra` call the resources of an environment.

use aws::{Account, Role};
use domain::environment::EnvironmentName;
use etl_aws::{AthenaSettings, GlueSettings, LedgerSettings, Resources, SqsArrivalSettings};
use infra::partition;
use infra_aws::AssetBucket;

use crate::config::{AwsConfig, AwsPlace};

/// Queries of people that Athena is given at once; it takes some twenty for an account.
const QUERIES_AT_ONCE: usize = 8;
const MOST_WAITING: usize = 64;

/// A role that the bootstrap of an account makes: `deploy` or `cloudformation`.
pub(super) fn bootstrap_role(
    (account, region): (&str, &str),
    (environment, prefix): (&EnvironmentName, &str),
    role: &str,
) -> String {
    let partition = partition::of_region(region);
    format!("arn:{partition}:iam::{account}:role/sluice-bootstrap/{environment}-{prefix}-{role}")
}

/// The bucket of release assets.
pub(super) fn asset_bucket(config: &AwsConfig, own: &Account) -> AssetBucket {
    let named = |part: &Option<String>| part.clone().unwrap_or_default();
    let (prefix, account) =
        (named(&config.resource_name_prefix), named(&config.deployment_account));
    AssetBucket::new(own, &format!("{prefix}-{account}-{}-assets", own.region()))
}

/// The names of one environment's resources.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a AwsPlace);

impl Names<'_> {
    /// `dev-data-lake-sources`.
    pub(super) fn named(self, what: &str) -> String {
        format!("{}-{}-{what}", self.0.environment, self.0.prefix)
    }

    /// `dev-data-lake-111111111111-eu-central-1-raw`.
    pub(super) fn bucket(self, zone: &str) -> String {
        let AwsPlace { environment, prefix, account, region, .. } = self.0;
        format!("{environment}-{prefix}-{account}-{region}-{zone}")
    }

    /// Where a queue is asked for messages.
    pub(super) fn queue_url(self, queue: &str) -> String {
        let region = &self.0.region;
        let host = match &self.0.settings.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://sqs.{region}.{}", partition::address_suffix(self.partition())),
        };
        format!("{host}/{}/{}", self.0.account, self.named(queue))
    }

    /// The topic of notifications.
    pub(super) fn topic(self) -> String {
        let (AwsPlace { account, region, .. }, partition) = (self.0, self.partition());
        format!("arn:{partition}:sns:{region}:{account}:{}", self.named("notifications"))
    }

    /// A role of the lake: `engine` or `query`.
    pub(super) fn role(self, role: &str) -> Role {
        let (account, partition) = (&self.0.account, self.partition());
        Role {
            arn: format!("arn:{partition}:iam::{account}:role/sluice/{}", self.named(role)),
            external_id: self.0.external_id.as_ref().map(|id| id.expose().to_owned()),
            session: format!("sluice-{role}"),
        }
    }

    /// The role that pipelines deploy with.
    pub(super) fn deploy_role(self) -> Role {
        let AwsPlace { environment, prefix, account, region, .. } = self.0;
        Role {
            arn: bootstrap_role((account, region), (environment, prefix), "deploy"),
            external_id: self.0.external_id.as_ref().map(|id| id.expose().to_owned()),
            session: "sluice-deploy".to_owned(),
        }
    }

    pub(super) fn arrivals(self) -> SqsArrivalSettings {
        let (queue, dead_letters) =
            (self.queue_url("arrivals"), self.queue_url("arrivals-dead-letter"));
        SqsArrivalSettings::new(queue, dead_letters, self.bucket("raw"))
    }

    pub(super) fn athena(self) -> AthenaSettings {
        AthenaSettings {
            workgroup: self.named("workgroup"),
            concurrency: QUERIES_AT_ONCE,
            max_waiting: MOST_WAITING,
            reuse: None,
        }
    }

    pub(super) fn ledger(self) -> LedgerSettings {
        LedgerSettings {
            environment: self.0.environment.clone(),
            audit_table: self.named("etl-job-audit"),
            state_table: self.named("run-state"),
            conformed_bucket: self.bucket("conformed"),
            conformed_database: self.0.conformed_database.clone(),
        }
    }

    /// Everything that the templates make for the data flow.
    pub(super) fn resources(self) -> Resources {
        Resources {
            buckets: ["raw", "conformed", "purpose-built"].map(|zone| self.bucket(zone)).into(),
            tables: ["etl-job-audit", "run-state", "sources", "transformations"]
                .map(|table| self.named(table))
                .into(),
            queue_urls: ["arrivals", "arrivals-dead-letter"]
                .map(|queue| self.queue_url(queue))
                .into(),
            databases: self.glue().databases,
            workgroup: self.named("workgroup"),
        }
    }

    pub(super) fn glue(self) -> GlueSettings {
        GlueSettings {
            databases: vec![
                self.0.conformed_database.clone(),
                self.0.purpose_built_database.clone(),
            ],
            conformed_bucket: self.bucket("conformed"),
            purpose_built_bucket: self.bucket("purpose-built"),
        }
    }

    fn partition(self) -> &'static str {
        partition::of_region(&self.0.region)
    }
}
