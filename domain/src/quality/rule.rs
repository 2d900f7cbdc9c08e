//! The rules of a table: each with what it asks and what happens when it is broken.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::environment::EnvironmentName;
use crate::table::TableName;

/// What happens when a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The run fails before the table changes; readers keep the data from before.
    Block,
    /// The run goes on and says so.
    Warn,
}

impl Effect {
    /// The name in files and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
        }
    }
}

/// What a rule asks of a table's rows.
///
/// NULL is the business of `not_null` alone: all other checks pass over it. NaN is a value, but in no
/// range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Check {
    /// Every row that the run writes has a value.
    NotNull {
        /// The column.
        column: String,
    },
    /// No row that the run writes has the same values as another row of the days that it touches.
    /// Rows with a NULL among them are not compared.
    Unique {
        /// The columns, compared together.
        columns: Vec<String>,
    },
    /// Every value that the run writes lies between two bounds, which belong to the range.
    Range {
        /// A column of numbers, dates, timestamps or text.
        column: String,
        /// The least value, written as the column's type reads it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<String>,
        /// The greatest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<String>,
    },
    /// Every value that the run writes is one of these.
    AcceptedValues {
        /// The column.
        column: String,
        /// The values, written as the column's type reads them.
        values: Vec<String>,
    },
    /// Each day that the run touches has about as many rows as the days before it. Days with fewer
    /// than three others before them are not judged.
    RowCount {
        /// How many days before it: the median of their rows is what counts.
        days: u32,
        /// At least so many per cent of the median.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_percent: Option<u32>,
        /// At most so many per cent of the median.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_percent: Option<u32>,
    },
    /// The newest value that the run writes is not old when the file lands. A date counts from its
    /// end.
    Freshness {
        /// A column of dates or timestamps in UTC; the day of the partition when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column: Option<String>,
        /// How old it may be, in hours.
        max_age_hours: u32,
    },
    /// A SELECT returns no row. It sees the days that the run touches as they would be, and other
    /// tables as they are.
    Sql {
        /// The SELECT; every row that it returns is a failing one.
        sql: String,
    },
}

/// One rule of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rule {
    /// What people call it; no two rules of a table have the same.
    pub name: String,
    /// What it asks.
    #[serde(flatten)]
    pub check: Check,
    /// What happens when it is broken.
    pub effect: Effect,
    /// What happens in some environments instead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Effect>))]
    pub effect_in: BTreeMap<EnvironmentName, Effect>,
}

impl Rule {
    /// What happens in an environment when the rule is broken.
    pub fn effect_in(&self, environment: &EnvironmentName) -> Effect {
        self.effect_in.get(environment).copied().unwrap_or(self.effect)
    }
}

/// All rules of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QualityRules {
    /// Columns that tell rows apart, shown of failing rows beside those of the rule; the first ones of
    /// the table when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One saved version of a table's rules. Versions are never changed, only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedRules {
    /// The table.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub table: TableName,
    /// From 1.
    pub version: u64,
    /// The rules.
    pub rules: QualityRules,
    /// Who saved it.
    pub author: String,
    /// Why.
    pub message: String,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub saved_at: Timestamp,
}

impl Check {
    /// The name of the kind in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotNull { .. } => "not_null",
            Self::Unique { .. } => "unique",
            Self::Range { .. } => "range",
            Self::AcceptedValues { .. } => "accepted_values",
            Self::RowCount { .. } => "row_count",
            Self::Freshness { .. } => "freshness",
            Self::Sql { .. } => "sql",
        }
    }

    /// The columns that it names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::NotNull { column }
            | Self::Range { column, .. }
            | Self::AcceptedValues { column, .. } => vec![column],
            Self::Unique { columns } => columns.iter().map(String::as_str).collect(),
            Self::Freshness { column, .. } => column.iter().map(String::as_str).collect(),
            Self::RowCount { .. } | Self::Sql { .. } => Vec::new(),
        }
    }

    /// What it asks, as a sentence without its end.
    pub fn sentence(&self) -> String {
        match self {
            Self::NotNull { column } => format!("{column} is never NULL"),
            Self::Unique { columns } => match columns.as_slice() {
                [one] => format!("{one} is unique"),
                several => format!("{} together are unique", several.join(", ")),
            },
            Self::Range { column, min, max } => match (min, max) {
                (Some(min), Some(max)) => format!("{column} is between {min} and {max}"),
                (Some(min), None) => format!("{column} is at least {min}"),
                (None, Some(max)) => format!("{column} is at most {max}"),
                (None, None) => format!("{column} is in no range"),
            },
            Self::AcceptedValues { column, values } => {
                format!("{column} is one of {}", values.join(", "))
            }
            Self::RowCount { days, min_percent, max_percent } => {
                let share = match (min_percent, max_percent) {
                    (Some(min), Some(max)) => format!("{min} to {max} %"),
                    (Some(min), None) => format!("at least {min} %"),
                    (None, Some(max)) => format!("at most {max} %"),
                    (None, None) => "any share".to_owned(),
                };
                format!("a day has {share} of the median rows of the {days} days before it")
            }
            Self::Freshness { column, max_age_hours } => {
                let newest = column.as_deref().unwrap_or("day");
                format!("the newest {newest} is at most {max_age_hours} h old when the file lands")
            }
            Self::Sql { .. } => "the SELECT returns no row".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_one_flat_table_and_reads_back_as_it_is_written() {
        let json = r#"{"name":"amount","kind":"range","column":"amount","min":"0","effect":"block","effect_in":{"dev":"warn"}}"#;
        let rule: Rule = serde_json::from_str(json).unwrap();
        assert_eq!(rule.effect_in(&"dev".parse().unwrap()), Effect::Warn);
        assert_eq!(rule.effect_in(&"prod".parse().unwrap()), Effect::Block);
        assert_eq!(serde_json::to_string(&rule).unwrap(), json);
        assert_eq!(rule.check.sentence(), "amount is at least 0");
        assert_eq!(rule.check.columns(), ["amount"]);
    }

    #[test]
    fn a_rule_without_its_effect_is_refused() {
        let json = r#"{"name":"amount","kind":"not_null","column":"amount"}"#;
        let error = serde_json::from_str::<Rule>(json).unwrap_err();
        assert!(error.to_string().contains("effect"), "{error}");
    }
}
