//! What of an environment is there in AWS, and which command makes what is not.

use aws::Account;
use domain::{Error, Result};
use etl_aws::{Finding, examine};

use super::aws_names::{Names, asset_bucket};
use crate::config::{AwsConfig, AwsPlace};

/// Who we are, which roles can be taken on, and each resource, looked at under the role that works with it.
/// What is missing says which command mends it.
pub async fn look(config: &AwsConfig, place: &AwsPlace) -> Vec<Finding> {
    let names = Names(place);
    let own = Account::open(&place.settings).await;
    let identity = own.identity().await.map(|identity| identity.arn);
    let is_somebody = identity.is_ok();
    let identity = identity.map_err(|error| mend(error, "sign in to AWS, or run under a role"));
    let mut findings = vec![Finding { what: "identity".to_owned(), outcome: identity }];
    if is_somebody {
        findings.extend(bootstraps(config, place, &own).await);
        let engine = own.under_in(&names.role("engine"), &place.region).await;
        let query = own.under_in(&names.role("query"), &place.region).await;
        let found = examine(&engine, &query, &names.resources()).await;
        findings.extend(found.into_iter().map(|finding| mended(finding, place)));
    }
    findings
}

/// What the first deployment stands on.
async fn bootstraps(config: &AwsConfig, place: &AwsPlace, own: &Account) -> [Finding; 2] {
    let name = &place.environment;
    let deploy = own.under_in(&Names(place).deploy_role(), &place.region).await;
    let role = deploy.identity().await.map(|identity| identity.arn);
    let role = outcome(
        role,
        &format!(
            "`sluice bootstrap target {name} --create` makes it, and `sluice bootstrap deployment \
             --create`, once more after that, lets the server take it on"
        ),
    );
    let assets = asset_bucket(config, own);
    let reached = assets.is_reached().await.map(|()| "is there".to_owned());
    let reached = outcome(reached, "`sluice bootstrap deployment --create` makes it");
    [
        Finding { what: "deploy role".to_owned(), outcome: role },
        Finding { what: format!("asset bucket {}", assets.name()), outcome: reached },
    ]
}

fn mended(finding: Finding, place: &AwsPlace) -> Finding {
    let name = &place.environment;
    let command = format!(
        "`sluice bootstrap target {name} --create` makes the roles that deploy, `sluice deploy --all` the \
         rest"
    );
    Finding { outcome: outcome(finding.outcome, &command), ..finding }
}

fn outcome(outcome: Result<String>, command: &str) -> Result<String> {
    outcome.map_err(|error| mend(error, command))
}

fn mend(error: Error, command: &str) -> Error {
    Error::new(error.kind(), format!("{}; {command}", error.message()))
}
