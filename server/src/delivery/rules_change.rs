//! What a release changes of the rules of its environment, as sentences: it is judged by those before.

use domain::Result;
use domain::environment::EnvironmentName;
use domain::plan::Plan;
use infra::approval::{rule_in_words, windows_in_words};
use infra::lake_repository::LakeFile;

use super::Delivery;
use super::release::lake_of;
use super::routes::routes_of;

impl Delivery {
    /// How approvals, freeze windows and notifications of the target differ between the release that
    /// ran when a plan was made and its own. Empty for a first deployment: nothing held before.
    pub async fn rules_change(&self, plan: &Plan) -> Result<Vec<String>> {
        let Some(baseline) = &plan.baseline else { return Ok(Vec::new()) };
        let before = lake_of(&self.releases, baseline).await?;
        let after = lake_of(&self.releases, &plan.release).await?;
        Ok(sentences(&plan.environment, &before, &after))
    }
}

fn sentences(name: &EnvironmentName, before: &LakeFile, after: &LakeFile) -> Vec<String> {
    let (Some(old), Some(new)) = (before.environment(name), after.environment(name)) else {
        return Vec::new();
    };
    let pairs = [
        ("Approvals", rule_in_words(&old.approval), rule_in_words(&new.approval)),
        ("Freeze windows", windows_in_words(&old.freeze), windows_in_words(&new.freeze)),
        ("Notifications", told(before, name), told(after, name)),
    ];
    let changed = pairs.into_iter().filter(|(_, before, after)| before != after);
    let sentence =
        |(what, before, after)| format!("{what} of {name} change: before {before}, after {after}");
    changed.map(sentence).collect()
}

fn told(lake: &LakeFile, name: &EnvironmentName) -> String {
    match routes_of(lake, name) {
        None => "as the server is configured".to_owned(),
        Some(routes) if routes.is_empty() => "nobody".to_owned(),
        Some(routes) => {
            let each = routes.iter().map(|one| format!("{}: {}", one.target, one.in_words()));
            each.collect::<Vec<_>>().join(" / ")
        }
    }
}
