//! People as approvals count them.

use std::collections::BTreeSet;

use domain::Result;
use infra::approval::Candidate;
use jiff::Timestamp;

use super::Delivery;

impl Delivery {
    /// Everybody there is, with the roles they have now: an approval counts while its person may
    /// still give it (C13).
    pub async fn candidates(&self, now: Timestamp) -> Result<Vec<Candidate>> {
        let members = self.accounts.members(now).await?;
        let candidates = members.into_iter().map(|member| Candidate {
            person: member.user.person(),
            grants: member.grants.into_iter().map(|held| held.grant).collect(),
            teams: BTreeSet::new(),
        });
        Ok(candidates.collect())
    }
}
