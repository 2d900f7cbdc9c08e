//! `[[notifications]]` of a release, as its environment goes by them once it is deployed.

use domain::Result;
use domain::environment::EnvironmentName;
use domain::notification::NotificationRoute;
use infra::lake_repository::LakeFile;

use super::stages::deploy::Say;
use crate::open_lake::OpenLake;

/// The routes that concern an environment. `None`: the file says nothing of notifications, for no
/// environment.
pub fn routes_of(lake: &LakeFile, environment: &EnvironmentName) -> Option<Vec<NotificationRoute>> {
    let all = &lake.notifications;
    let own = all.iter().filter(|route| route.concerns(environment));
    (!all.is_empty()).then(|| own.cloned().collect())
}

/// Lets an environment tell whom a release says from now on. Done already: nothing changes. Targets that
/// this server has not are told of in the log of the deployment.
pub async fn apply_routes(file: &LakeFile, lake: &OpenLake, say: &impl Say) -> Result<()> {
    let routes = routes_of(file, &lake.lake.environment);
    if lake.lake.outbox.routes().await? != routes {
        lake.lake.outbox.set_routes(routes.as_deref()).await?;
        say.say("notifications go by the routes of this release now".to_owned()).await?;
    }
    for target in unknown_targets(routes.as_deref().unwrap_or_default(), lake) {
        let line = format!(
            "notifications: this server has no target {target}, so that nobody is told by it; add \
             notifications.targets.{target}.webhook_url to its configuration"
        );
        say.say(line).await?;
    }
    Ok(())
}

/// Names of targets that routes ask for and the server's configuration has not, each once.
pub fn unknown_targets(routes: &[NotificationRoute], lake: &OpenLake) -> Vec<String> {
    let known = |name: &str| lake.notifiers.iter().any(|one| one.target() == Some(name));
    let named = routes.iter().map(|route| route.target.clone());
    let mut unknown: Vec<_> = named.filter(|name| !known(name)).collect();
    unknown.sort();
    unknown.dedup();
    unknown
}
