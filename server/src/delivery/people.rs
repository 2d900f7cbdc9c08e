//! People as approvals count them.

use domain::approval::Decision;
use domain::pipeline::Execution;
use domain::{Error, Result};
use infra::approval::Candidate;
use jiff::Timestamp;

use super::Delivery;

impl Delivery {
    /// Everybody there is, with the roles and teams they have now: an approval counts while its person
    /// may still give it (C13).
    pub async fn candidates(&self, now: Timestamp) -> Result<Vec<Candidate>> {
        let members = self.accounts.members(now).await?;
        let candidates = members.into_iter().map(|member| Candidate {
            person: member.user.person(),
            grants: member.grants.into_iter().map(|held| held.grant).collect(),
            teams: member.teams,
        });
        Ok(candidates.collect())
    }
}

impl Delivery {
    /// Records what somebody decided on the plan of an execution, by the rules as they are now.
    pub async fn decide(
        &self,
        execution: &Execution,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Execution> {
        let people = self.candidates(now).await?;
        let release = execution.release.as_ref().ok_or_else(|| {
            Error::conflict(format!("execution {} has no plan yet", execution.id))
        })?;
        let rules = self.rules(&execution.environment, release).await?;
        let decided =
            self.pipelines.decide(execution.id, decision, rules.terms(), &people, now).await?;
        Ok(decided.0)
    }
}
