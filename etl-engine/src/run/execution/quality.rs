//! The quality rules of a table, checked on what a hop has staged, before anybody sees it.

use std::time::Instant;

use domain::quality::{Judgement, QUALITY_BLOCKS, RuleOutcome, SavedRules, Verdict};
use domain::zone::Hop;
use domain::{Error, Result};
use jiff::Timestamp;

use super::Execution;
use crate::catalog::TableShape;
use crate::quality::{Commitment, Subject, evaluate};
use crate::query::session::SessionLimits;
use crate::run::Stop;

/// Broken rules that an error names.
const NAMED: usize = 5;

impl Execution<'_> {
    /// Checks the rules of the table that a hop is about to change and keeps what came of them. A
    /// broken rule that blocks is an error. Returns what a person should know.
    pub(super) async fn judge(
        &self,
        hop: Hop,
        shape: &TableShape,
        commitment: Commitment<'_>,
    ) -> Result<Option<String>, Stop> {
        let saved = self.lake.quality.current(&shape.name).await?;
        let Some(saved) = saved.filter(|saved| !saved.rules.rules.is_empty()) else {
            return Ok(None);
        };
        let judging = self.outcomes(hop, shape, commitment, &saved);
        // A rule may sort or join for minutes.
        let judgement = tokio::select! {
            judged = judging => judged?,
            () = self.cancel.cancelled() => return Err(Stop::Cancelled),
        };
        self.lake.quality.record(&judgement, self.claim.fence).await?;
        self.tell(&judgement);
        if judgement.verdict() == Verdict::Failed {
            return Err(blocked(&judgement).into());
        }
        Ok(named(&judgement, Verdict::Warned).map(|broken| format!("quality rules warn: {broken}")))
    }

    async fn outcomes(
        &self,
        hop: Hop,
        shape: &TableShape,
        commitment: Commitment<'_>,
        saved: &SavedRules,
    ) -> Result<Judgement> {
        let begun = Instant::now();
        let lake = self.lake;
        let landed_at = self.run.arrival.landed_at;
        let (table, rules) = (shape.new_table(), &saved.rules);
        let subject =
            Subject::of_commit(lake.into(), table, commitment, rules, &lake.environment, landed_at)
                .await?;
        let cancel = self.cancel.clone();
        let limits = SessionLimits { cancel, ..self.settings.transformation.clone() };
        let outcomes = evaluate(&subject, &limits).await?;
        Ok(Judgement {
            run: self.run.id,
            hop,
            table: shape.name.clone(),
            rules_version: saved.version,
            outcomes,
            seconds: begun.elapsed().as_secs_f64(),
            judged_at: Timestamp::now(),
        })
    }

    /// Writes the outcome into the log of the run.
    fn tell(&self, judgement: &Judgement) {
        let (hop, table) = (Some(judgement.hop), &judgement.table);
        let passed = judgement.with(Verdict::Passed).count();
        let (all, version) = (judgement.outcomes.len(), judgement.rules_version);
        self.log.info(
            hop,
            format!(
                "{passed} of {all} quality rules of {table} (version {version}) hold; checked in \
                 {:.2} s",
                judgement.seconds
            ),
        );
        for outcome in &judgement.outcomes {
            let line = format!("quality rule {:?}: {}", outcome.rule.name, outcome.line());
            match outcome.verdict {
                Verdict::Failed => self.log.error(hop, line),
                Verdict::Warned => self.log.warning(hop, line),
                Verdict::Skipped => self.log.info(hop, line),
                Verdict::Passed => {}
            }
        }
    }
}

/// Why the run stops, and what to do.
fn blocked(judgement: &Judgement) -> Error {
    let broken = named(judgement, Verdict::Failed).unwrap_or_default();
    Error::invalid(format!(
        "{QUALITY_BLOCKS} {} as it was: {broken}. Correct the file or the rule, then retry",
        judgement.table
    ))
}

/// The rules with a verdict and what came of each; `None` when there are none.
fn named(judgement: &Judgement, verdict: Verdict) -> Option<String> {
    let broken: Vec<_> = judgement.with(verdict).collect();
    let told = |outcome: &&RuleOutcome| format!("{} ({})", outcome.rule.name, outcome.line());
    let mut text = broken.iter().take(NAMED).map(told).collect::<Vec<_>>().join("; ");
    if broken.len() > NAMED {
        text.push_str(&format!("; and {} more", broken.len() - NAMED));
    }
    (!broken.is_empty()).then_some(text)
}

/// Two notes as one.
pub(super) fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    let notes: Vec<_> = one.into_iter().chain(other).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}
