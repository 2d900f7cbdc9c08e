//! The approval page's one answer.

use app::api::delivery::{
    ApproverShown, Named, PlanShown, RulesShown, SqlChange, StackShown, Standing,
};
use domain::access::Role;
use domain::approval::{Decision, Verdict};
use domain::branch::Person;
use domain::pipeline::{Execution, ExecutionStatus};
use domain::plan::{Plan, RulesChange, TextChange};
use domain::{Error, Result};
use infra::approval::{
    Asked, Candidate, Standing as Decided, WhyNot, eligible, expires_at, required, standing,
    who_could,
};
use jiff::Timestamp;

use super::executions::{commits, decision, summary};
use crate::delivery::Delivery;

const MOST_COMMITS: usize = 50;

/// Everything about the plan of an execution, as `caller` sees it. [`domain::ErrorKind::NotFound`]
/// before there is one.
pub async fn plan_shown(
    delivery: &Delivery,
    execution: &Execution,
    caller: &Person,
) -> Result<PlanShown> {
    let now = Timestamp::now();
    let (plan, digest) = delivery.pipelines.plan(execution.id).await?;
    let decisions = delivery.pipelines.decisions(execution.id).await?;
    let people = delivery.candidates(now).await?;
    let rules = delivery.rules(&execution.environment, &plan.release).await?;
    let terms = rules.terms();
    let asked = Asked { plan: &plan, digest: &digest };
    let you = people.iter().find(|one| one.person.id == caller.id).cloned();
    let you = you.ok_or_else(|| Error::internal("the caller is nobody"))?;
    let open = execution.status == ExecutionStatus::AwaitingApproval;
    let needs = required(terms.rule, &plan);
    let lookup = |person: &Person| people.iter().find(|one| one.person.id == person.id).cloned();
    let stands = standing(asked, &decisions, terms, lookup, now);
    let yes = approval(&digest, caller, needs.typed.clone(), now);
    let you_cannot = match (open, eligible(&you, &yes, asked, terms, now)) {
        (false, _) => vec![format!("it is {} already", execution.status)],
        (true, Ok(())) => decided_before(&decisions, caller),
        (true, Err(why)) => told(&why, true),
    };
    let approvers = who_could(&people, asked, &decisions, terms, now).into_iter();
    let approvers = approvers
        .filter(|(person, _)| matters(&people, person, &execution.environment))
        .map(|(person, answer)| ApproverShown {
            login: person.login,
            cannot: answer.err().map(|why| told(&why, false)).unwrap_or_default(),
        });
    let approvers = approvers.collect();
    let expires = open.then(|| expires_at(terms.rule, &plan));
    Ok(PlanShown {
        execution: summary(delivery, execution).await?,
        digest: digest.to_string(),
        environment: plan.environment.clone(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        release: plan.release.to_string(),
        baseline: plan.baseline.as_ref().map(ToString::to_string),
        commits: coming(delivery, &plan).await?,
        rules_change: delivery.rules_change(&plan).await?,
        changes_nothing: plan.is_empty(),
        to_type: to_type(&plan),
        standing: Standing {
            needed: needs.approvers,
            have: have(&stands),
            because: needs.because,
            open,
            ended: ended(&stands, execution),
        },
        decisions: decisions.into_iter().map(decision).collect(),
        approvers,
        you_cannot,
        may_break_glass: open && you.has(Role::Admin, &execution.environment),
        made_at: plan.made_at,
        expires_at: expires,
        simulated: delivery.places.simulated(),
        transformations: plan.transformations.into_iter().map(text).collect(),
        sources: plan.sources.into_iter().map(text).collect(),
        quality: plan.quality.iter().map(rules_shown).collect(),
        rehearsals: plan.rehearsals,
        stacks: plan.stacks.into_iter().map(stack).collect(),
    })
}

fn approval(
    digest: &domain::release::Digest,
    by: &Person,
    typed: Vec<String>,
    at: Timestamp,
) -> Decision {
    Decision {
        plan: digest.clone(),
        by: by.clone(),
        verdict: Verdict::Approve,
        reason: String::new(),
        typed,
        break_glass: false,
        at,
    }
}

fn decided_before(decisions: &[Decision], caller: &Person) -> Vec<String> {
    let own = decisions.iter().any(|decision| decision.by.id == caller.id);
    own.then(|| "you approved it already".to_owned()).into_iter().collect()
}

/// Reasons as sentences, to the person themselves or about them.
fn told(why: &[WhyNot], to_you: bool) -> Vec<String> {
    let sentence = |reason: &WhyNot| match (reason, to_you) {
        (WhyNot::Requester, true) => {
            "you asked for this deployment: somebody else has to approve".to_owned()
        }
        (WhyNot::Author, true) => {
            "you wrote a commit of it: somebody else has to approve".to_owned()
        }
        (WhyNot::NoRole(place), true) => format!("you are neither approver nor admin in {place}"),
        (WhyNot::NotInTeam(teams), true) => format!("you are not in {}", teams.join(" or ")),
        (reason, _) => reason.to_string(),
    };
    why.iter().map(sentence).collect()
}

/// Who has no say there at all is not worth a line.
fn matters(
    people: &[Candidate],
    person: &Person,
    environment: &domain::environment::EnvironmentName,
) -> bool {
    people.iter().any(|one| one.person.id == person.id && one.is_approver(environment))
}

fn have(stands: &Decided) -> u32 {
    match stands {
        Decided::Waiting { have, .. } => *have,
        Decided::Approved { by, .. } => u32::try_from(by.len()).unwrap_or(u32::MAX),
        Decided::Rejected { .. } | Decided::Expired => 0,
    }
}

fn ended(stands: &Decided, execution: &Execution) -> Option<String> {
    if execution.status == ExecutionStatus::AwaitingApproval {
        return None;
    }
    Some(match stands {
        Decided::Rejected { by, reason } => format!("{} rejected it: {reason}", by.login),
        Decided::Approved { by, .. } if by.is_empty() => "nobody had to approve".to_owned(),
        Decided::Approved { by, broke_glass } => {
            let names: Vec<_> = by.iter().map(|person| person.login.as_str()).collect();
            match broke_glass {
                None => format!("approved by {}", names.join(" and ")),
                Some(reason) => format!("{} set the rules aside: {reason}", names.join(" and ")),
            }
        }
        Decided::Expired => "it expired".to_owned(),
        Decided::Waiting { .. } => format!("it is {}", execution.status),
    })
}

async fn coming(delivery: &Delivery, plan: &Plan) -> Result<Vec<app::api::delivery::CommitShown>> {
    let running = match &plan.baseline {
        Some(baseline) => Some(delivery.releases.get(baseline).await?.commit),
        None => None,
    };
    commits(delivery, &plan.commit, running.as_ref(), MOST_COMMITS).await
}

fn to_type(plan: &Plan) -> Vec<Named> {
    let named = plan.endangered().map(|(stack, change)| {
        let because = change.causes.first().map(|cause| format!(": {} changes", cause.path));
        Named {
            stack: stack.stack.clone(),
            name: change.name().to_owned(),
            why: format!(
                "{} {} would be subject to {}{}",
                change.resource_type,
                change.logical_id,
                change.action,
                because.unwrap_or_default()
            ),
        }
    });
    named.collect()
}

fn text(change: TextChange) -> SqlChange {
    SqlChange { dataset: change.dataset.to_string(), before: change.before, after: change.after }
}

fn rules_shown(change: &RulesChange) -> RulesShown {
    RulesShown { table: change.table.to_string(), rules: change.differences() }
}

fn stack(stack: domain::plan::StackPlan) -> StackShown {
    StackShown {
        name: stack.stack,
        change_set: stack.change_set,
        changes: stack.changes,
        permissions: stack.permissions,
        drift: stack.drift,
    }
}
