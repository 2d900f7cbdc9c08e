//! How many people have to approve a plan, and why.

use domain::approval::ApprovalRule;
use domain::plan::Plan;

/// Reasons that one line tells.
const MOST_TOLD: usize = 4;

/// What a plan needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// How many people; 0: nobody is asked.
    pub approvers: u32,
    /// Why, as sentences; empty when nobody is asked.
    pub because: Vec<String>,
    /// Names that each of them has to type, sorted.
    pub typed: Vec<String>,
}

impl Required {
    /// Why, in one line: the first reasons, and how many more there are. A first plan has dozens.
    pub fn because(&self) -> String {
        let told = self.because.iter().take(MOST_TOLD).map(String::as_str).collect::<Vec<_>>();
        let told = told.join("; ");
        match self.because.len().saturating_sub(MOST_TOLD) {
            0 => told,
            more => format!("{told}; and more, {more} in all: the plan names them"),
        }
    }
}

/// What a plan needs by the rule of its environment and by its own impact. Plans that widen
/// permissions or endanger data need one person in every environment, whatever the rule says.
pub fn required(rule: &ApprovalRule, plan: &Plan) -> Required {
    let mut because = Vec::new();
    if rule.approvers > 0 {
        let people = if rule.approvers == 1 { "approval" } else { "approvals" };
        because.push(format!("{} asks for {} {people}", plan.environment, rule.approvers));
    }
    for (stack, change) in plan.widened() {
        because.push(format!("stack {} widens permissions: {}", stack.stack, change.sentence));
    }
    let mut typed = Vec::new();
    for (stack, change) in plan.endangered() {
        let (action, name) = (change.action, change.name());
        because.push(format!("data may be lost: stack {} would {action} {name}", stack.stack));
        typed.push(name.to_owned());
    }
    typed.sort();
    typed.dedup();
    let impact = u32::from(!because.is_empty());
    Required { approvers: rule.approvers.max(impact), because, typed }
}
