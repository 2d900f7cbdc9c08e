//! Names of a file's columns, each one once.

use std::collections::HashSet;

/// The names with blank ones as `column_` and their place from 1, and repeated ones as `name_2`,
/// `name_3` and so on.
pub(crate) fn distinct_names(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen = HashSet::new();
    let mut distinct = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        let blank = name.trim().is_empty();
        let wanted = if blank { format!("column_{}", index + 1) } else { name };
        let fresh = if blank { !taken.contains(&wanted) } else { !seen.contains(&wanted) };
        let name = if fresh { wanted } else { numbered(&wanted, &taken) };
        seen.insert(name.clone());
        taken.insert(name.clone());
        distinct.push(name);
    }
    distinct
}

fn numbered(name: &str, taken: &HashSet<String>) -> String {
    let mut number = 2_u64;
    loop {
        let candidate = format!("{name}_{number}");
        if !taken.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        let check = |names: &[&str], expected: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(distinct_names(names), expected);
        };
        check(&["a", "b"], &["a", "b"]);
        check(&["a", "a", "a_2", "a"], &["a", "a_3", "a_2", "a_4"]);
        check(&["", "x", " ", "column_1"], &["column_1_2", "x", "column_3", "column_1"]);
    }
}
