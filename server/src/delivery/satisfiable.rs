//! Whether the people there are could approve anything by the rules of a lake.

use domain::Result;
use domain::approval::ApprovalRule;
use infra::approval::satisfiable;
use infra::lake_repository::{Environment, LAKE_FILE, LakeFile, Problem};
use jiff::Timestamp;

use super::Delivery;
use super::release::lake_of;

/// What is wrong with approval rules, given everybody there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RulesChecked {
    /// New rules that nobody could satisfy: they are refused.
    pub refused: Vec<Problem>,
    /// Rules that nobody can satisfy now, and that hold already, are an environment's first, or ask for
    /// nobody as long as nothing is dangerous: people may come yet, and whoever is admin breaks the
    /// glass.
    pub doubtful: Vec<Problem>,
}

impl Delivery {
    /// Asks of each environment of this server whether somebody could approve by the rule that a lake
    /// gives it.
    pub async fn check_rules(&self, lake: &LakeFile) -> Result<RulesChecked> {
        let people = self.candidates(Timestamp::now()).await?;
        let mut checked = RulesChecked::default();
        for environment in &lake.environments {
            if self.lake(&environment.name).is_err() {
                continue;
            }
            let rule = &environment.approval;
            let Err(error) = satisfiable(&environment.name, rule, &people) else { continue };
            let problem = Problem::of_file(LAKE_FILE, error.message());
            let holds = self.running_rule(environment).await?;
            match holds.is_some_and(|holds| holds != *rule) && rule.approvers > 0 {
                true => checked.refused.push(problem),
                false => checked.doubtful.push(problem),
            }
        }
        Ok(checked)
    }

    /// The rule that plans for an environment are judged by now. `None` before its first deployment.
    async fn running_rule(&self, environment: &Environment) -> Result<Option<ApprovalRule>> {
        let running = self.pipelines.environment(&environment.name).await?.running;
        let Some(running) = running else { return Ok(None) };
        let before = lake_of(&self.releases, &running.release).await?;
        let before = before.environment(&environment.name);
        Ok(before.map(|before| before.approval.clone()))
    }
}
