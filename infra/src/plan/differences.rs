//! In what two plans for one environment differ, for people whose decision came too late.

use domain::plan::{Plan, RulesChange, StackPlan, TextChange};

/// What decides and is not the same in both, as words: "commit", "stack ProdEtlRoles". Empty when
/// both have one digest.
pub fn differences(one: &Plan, other: &Plan) -> Vec<String> {
    let fields = [
        ("environment", one.environment == other.environment),
        ("account", one.account == other.account),
        ("region", one.region == other.region),
        ("commit", one.commit == other.commit),
        ("release", one.release == other.release),
        ("what runs now", one.baseline == other.baseline),
    ];
    let differing = fields.into_iter().filter(|(_, same)| !same);
    let mut found: Vec<_> = differing.map(|(name, _)| name.to_owned()).collect();
    let value = |plan: &Plan, name: &String| plan.parameters.get(name).cloned();
    let mut names: Vec<_> = one.parameters.keys().chain(other.parameters.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| value(one, name) != value(other, name));
    found.extend(names.into_iter().map(|name| format!("parameter {name}")));
    let stack = |stack: &StackPlan| format!("stack {}", stack.stack);
    found.extend(unlike(&one.stacks, &other.stacks, stack));
    let source = |change: &TextChange| format!("source {}", change.dataset);
    found.extend(unlike(&one.sources, &other.sources, source));
    let sql = |change: &TextChange| format!("SQL of {}", change.dataset);
    found.extend(unlike(&one.transformations, &other.transformations, sql));
    let rules = |change: &RulesChange| format!("quality rules of {}", change.table);
    found.extend(unlike(&one.quality, &other.quality, rules));
    if found.is_empty() && one.stacks != other.stacks {
        found.push("order of stacks".to_owned());
    }
    found
}

/// The names of items that are in one of both only, or differ.
fn unlike<T: PartialEq>(one: &[T], other: &[T], name: impl Fn(&T) -> String) -> Vec<String> {
    let only = |these: &[T], those: &[T]| -> Vec<String> {
        these.iter().filter(|item| !those.contains(item)).map(&name).collect()
    };
    let mut names = only(one, other);
    names.extend(only(other, one));
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample;

    #[test]
    fn c2_a_late_decision_is_told_what_changed() {
        let one = sample::plan("prod");
        assert_eq!(differences(&one, &one), Vec::<String>::new());
        let mut other = one.clone();
        other.commit = "ef".repeat(20).parse().unwrap();
        other.parameters.insert("VpcCidr".into(), "10.9.0.0/24".into());
        other.stacks[0].change_set = None;
        other.transformations.clear();
        let expected = [
            "commit",
            "parameter VpcCidr",
            "stack ProdDataLakeEtlRoles",
            "SQL of tlc_taxi_data/yellow_taxi_trip_record",
        ];
        assert_eq!(differences(&one, &other), expected);
        let mut reordered = one.clone();
        reordered.stacks.reverse();
        assert_eq!(differences(&one, &reordered), ["order of stacks"]);
    }
}
