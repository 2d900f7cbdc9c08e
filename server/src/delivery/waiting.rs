//! What waits for one person.

use domain::Result;
use domain::branch::Person;
use domain::pipeline::{Execution, ExecutionStatus};
use infra::approval::{Asked, Candidate, who_could};
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;

use super::Delivery;

/// Plans that are looked through; nobody has more of them waiting.
const MOST: usize = 100;

impl Delivery {
    /// How many plans wait for a decision that somebody could make now.
    pub async fn waiting_for(&self, person: &Person, now: Timestamp) -> Result<u32> {
        let filter = ExecutionFilter {
            statuses: vec![ExecutionStatus::AwaitingApproval],
            limit: MOST,
            ..ExecutionFilter::default()
        };
        let waiting = self.pipelines.list(&filter).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut people = self.candidates(now).await?;
        people.retain(|candidate| candidate.person.id == person.id);
        let mut number = 0;
        for execution in &waiting {
            number += u32::from(self.waits_for(execution, &people, now).await?);
        }
        Ok(number)
    }

    async fn waits_for(
        &self,
        execution: &Execution,
        people: &[Candidate],
        now: Timestamp,
    ) -> Result<bool> {
        let (plan, digest) = self.pipelines.plan(execution.id).await?;
        let decisions = self.pipelines.decisions(execution.id).await?;
        let rules = self.rules(&execution.environment, &plan.release).await?;
        let asked = Asked { plan: &plan, digest: &digest };
        let could = who_could(people, asked, &decisions, rules.terms(), now);
        Ok(could.iter().any(|(_, answer)| answer.is_ok()))
    }
}
