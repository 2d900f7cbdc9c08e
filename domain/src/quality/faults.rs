//! What is wrong with rules before they are saved.

use std::collections::BTreeSet;

use super::{Check, MOST_RULES, QualityRules, Rule};
use crate::column::ColumnType;
use crate::partition::PARTITION_KEYS;
use crate::table::CatalogColumn;

/// Longest name of a rule.
const LONGEST_NAME: usize = 80;
/// Most accepted values of one rule.
const MOST_VALUES: usize = 500;
/// Most columns that are unique together, and most keys.
const MOST_COLUMNS: usize = 16;
/// Longest SELECT of a rule in bytes.
const LONGEST_SQL: usize = 20_000;
/// Most days that a row count looks back.
const MOST_DAYS: u32 = 366;

/// Something wrong in rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    /// Where: `rules.2.column`, `keys`.
    pub field: String,
    /// What, and what to write.
    pub message: String,
}

impl QualityRules {
    /// All that is wrong with the rules of a table with these columns, the SQL of rules apart.
    pub fn faults(&self, columns: &[CatalogColumn]) -> Vec<RuleFault> {
        let mut faults = Vec::new();
        if self.rules.len() > MOST_RULES {
            let message = format!("a table has at most {MOST_RULES} rules");
            faults.push(RuleFault { field: "rules".to_owned(), message });
        }
        let mut names = BTreeSet::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let mut found = rule.faults(columns);
            if !names.insert(rule.name.trim()) {
                let message = format!("another rule is called {:?} too", rule.name);
                found.push(("name", message));
            }
            faults.extend(found.into_iter().map(|(field, message)| RuleFault {
                field: format!("rules.{at}.{field}"),
                message,
            }));
        }
        if let Some(message) = unknown(&self.keys, columns) {
            faults.push(RuleFault { field: "keys".to_owned(), message });
        }
        faults
    }
}

impl Rule {
    /// All that is wrong with a rule of a table with these columns, as (field, what).
    pub fn faults(&self, columns: &[CatalogColumn]) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let name = self.name.trim();
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            faults.push(("name", format!("give it a name of at most {LONGEST_NAME} letters")));
        }
        match &self.check {
            Check::NotNull { column } => faults.extend(known(column, columns).err()),
            Check::Unique { columns: wanted } => {
                if wanted.is_empty() {
                    faults.push(("columns", "name at least one column".to_owned()));
                }
                faults.extend(unknown(wanted, columns).map(|message| ("columns", message)));
            }
            Check::Range { column, min, max } => {
                faults.extend(range_faults(column, [min.as_deref(), max.as_deref()], columns));
            }
            Check::AcceptedValues { column, values } => {
                faults.extend(accepted_faults(column, values, columns));
            }
            Check::RowCount { days, min_percent, max_percent } => {
                faults.extend(row_count_faults(*days, *min_percent, *max_percent));
            }
            Check::Freshness { column, max_age_hours } => {
                if let Some(column) = column {
                    faults.extend(dated(column, columns).err());
                }
                if *max_age_hours == 0 {
                    faults.push(("max_age_hours", "write at least 1 hour".to_owned()));
                }
            }
            Check::Sql { sql } => {
                if sql.trim().is_empty() {
                    faults.push(("sql", "write a SELECT that returns failing rows".to_owned()));
                } else if sql.len() > LONGEST_SQL {
                    faults.push(("sql", format!("write at most {LONGEST_SQL} bytes of SQL")));
                }
            }
        }
        faults
    }
}

type Fault = (&'static str, String);

fn row_count_faults(days: u32, min: Option<u32>, max: Option<u32>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !(3..=MOST_DAYS).contains(&days) {
        faults.push(("days", format!("look back 3 to {MOST_DAYS} days")));
    }
    match (min, max) {
        (None, None) => faults.push(("min_percent", "set a least or a greatest share".to_owned())),
        (Some(min), Some(max)) if min > max => {
            faults.push(("max_percent", "the greatest share is below the least".to_owned()));
        }
        _ => {}
    }
    faults
}

fn range_faults(column: &str, bounds: [Option<&str>; 2], columns: &[CatalogColumn]) -> Vec<Fault> {
    let column_type = match known(column, columns) {
        Ok(column_type) => column_type,
        Err(fault) => return vec![fault],
    };
    if column_type == ColumnType::Boolean {
        return vec![("column", format!("{column} is true or false: use accepted values"))];
    }
    if bounds == [None, None] {
        return vec![("min", "set a least or a greatest value".to_owned())];
    }
    let named = ["min", "max"].into_iter().zip(bounds);
    let read = |(field, bound): (&'static str, Option<&str>)| {
        bound.and_then(|bound| unreadable(bound, column_type).map(|message| (field, message)))
    };
    let mut faults: Vec<_> = named.filter_map(read).collect();
    let numbers = bounds.map(|bound| bound.and_then(|bound| bound.trim().parse::<f64>().ok()));
    if let [Some(min), Some(max)] = numbers
        && min > max
        && column_type != ColumnType::String
    {
        faults.push(("max", "the greatest value is below the least".to_owned()));
    }
    faults
}

fn accepted_faults(column: &str, values: &[String], columns: &[CatalogColumn]) -> Vec<Fault> {
    let column_type = match known(column, columns) {
        Ok(column_type) => column_type,
        Err(fault) => return vec![fault],
    };
    if values.is_empty() || values.len() > MOST_VALUES {
        return vec![("values", format!("name 1 to {MOST_VALUES} values"))];
    }
    let wrong = values.iter().find_map(|value| unreadable(value, column_type));
    wrong.map(|message| ("values", message)).into_iter().collect()
}

fn dated(column: &str, columns: &[CatalogColumn]) -> Result<(), Fault> {
    match known(column, columns)? {
        ColumnType::Date | ColumnType::Timestamp => Ok(()),
        other => Err(("column", format!("{column} is {other}: name a date or a timestamp"))),
    }
}

/// The type of a column of the table, its partition keys included.
fn known(column: &str, columns: &[CatalogColumn]) -> Result<ColumnType, Fault> {
    if PARTITION_KEYS.contains(&column) {
        return Ok(ColumnType::String);
    }
    let found = columns.iter().find(|known| known.name == column);
    found.map(|known| known.column_type).ok_or_else(|| ("column", absent(column)))
}

fn unknown(wanted: &[String], columns: &[CatalogColumn]) -> Option<String> {
    if wanted.len() > MOST_COLUMNS {
        return Some(format!("name at most {MOST_COLUMNS} columns"));
    }
    wanted.iter().find_map(|column| known(column, columns).err()).map(|(_, message)| message)
}

fn absent(column: &str) -> String {
    match column {
        "" => "name a column".to_owned(),
        column => format!("the table has no column {column:?}"),
    }
}

/// Why a value cannot be read as a type, if it cannot.
fn unreadable(value: &str, column_type: ColumnType) -> Option<String> {
    let text = value.trim();
    let (reads, like) = match column_type {
        ColumnType::Boolean => (matches!(text, "true" | "false"), "true or false"),
        ColumnType::Int => (text.parse::<i32>().is_ok(), "a whole number"),
        ColumnType::BigInt => (text.parse::<i64>().is_ok(), "a whole number"),
        ColumnType::Double | ColumnType::Decimal { .. } => {
            (text.parse::<f64>().is_ok_and(f64::is_finite), "a number, as 12.50")
        }
        ColumnType::Date => (text.parse::<jiff::civil::Date>().is_ok(), "a date, as 2020-08-05"),
        ColumnType::Timestamp => {
            (text.parse::<jiff::civil::DateTime>().is_ok(), "a time, as 2020-08-05T14:03:09 (UTC)")
        }
        ColumnType::String => (true, "text"),
    };
    (!reads).then(|| format!("{value:?} is not {like}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Effect;
    use super::*;

    fn columns() -> Vec<CatalogColumn> {
        let column = |name: &str, column_type| CatalogColumn {
            name: name.to_owned(),
            column_type,
            comment: None,
        };
        vec![
            column("id", ColumnType::BigInt),
            column("amount", ColumnType::Double),
            column("on_date", ColumnType::Date),
            column("paid", ColumnType::Boolean),
        ]
    }

    fn faults(check: Check) -> Vec<String> {
        let rule =
            Rule { name: "r".into(), check, effect: Effect::Block, effect_in: BTreeMap::new() };
        let rules = QualityRules { keys: Vec::new(), rules: vec![rule] };
        let faults = rules.faults(&columns()).into_iter();
        faults.map(|fault| format!("{}: {}", fault.field, fault.message)).collect()
    }

    fn range(column: &str, min: &str, max: &str) -> Check {
        let bound = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Check::Range { column: column.into(), min: bound(min), max: bound(max) }
    }

    #[test]
    fn what_fits_the_table_is_accepted() {
        let sound = [
            Check::NotNull { column: "day".into() },
            Check::Unique { columns: vec!["id".into(), "on_date".into()] },
            range("amount", "-1.5", "1e6"),
            range("on_date", "2020-01-01", ""),
            Check::AcceptedValues { column: "paid".into(), values: vec!["true".into()] },
            Check::RowCount { days: 7, min_percent: Some(50), max_percent: None },
            Check::Freshness { column: Some("on_date".into()), max_age_hours: 24 },
            Check::Sql { sql: "SELECT 1".into() },
        ];
        for check in sound {
            assert_eq!(faults(check.clone()), [] as [String; 0], "{check:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_where_it_stands() {
        let wrong = [
            (Check::NotNull { column: "idd".into() }, "rules.0.column: the table has no column"),
            (Check::Unique { columns: Vec::new() }, "rules.0.columns: name at least one"),
            (range("id", "0.5", ""), "rules.0.min: \"0.5\" is not a whole number"),
            (range("amount", "2", "1"), "rules.0.max: the greatest value is below"),
            (range("amount", "", ""), "rules.0.min: set a least"),
            (range("amount", "NaN", ""), "rules.0.min: \"NaN\" is not a number"),
            (range("paid", "0", ""), "rules.0.column: paid is true or false"),
            (
                Check::AcceptedValues { column: "id".into(), values: vec!["one".into()] },
                "rules.0.values: \"one\" is not a whole number",
            ),
            (
                Check::RowCount { days: 7, min_percent: None, max_percent: None },
                "rules.0.min_percent: set a least",
            ),
            (
                Check::Freshness { column: Some("id".into()), max_age_hours: 1 },
                "rules.0.column: id is bigint",
            ),
            (Check::Sql { sql: " ".into() }, "rules.0.sql: write a SELECT"),
        ];
        for (check, told) in wrong {
            let faults = faults(check.clone());
            assert!(faults.len() == 1 && faults[0].starts_with(told), "{check:?}: {faults:?}");
        }
    }

    #[test]
    fn two_rules_of_one_name_are_refused() {
        let rule = Rule {
            name: "r".into(),
            check: Check::NotNull { column: "id".into() },
            effect: Effect::Warn,
            effect_in: BTreeMap::new(),
        };
        let rules = QualityRules { keys: vec!["nokey".into()], rules: vec![rule.clone(), rule] };
        let faults = rules.faults(&columns());
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["rules.1.name", "keys"]);
    }
}
