//! Quality rules: of every table, of one, tried before they are saved, and what came of them.

use domain::quality::{Judgement, QualityRules, RuleOutcome, SavedRules, Verdict};
use domain::run::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment;

/// Which tables to list; all when empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct QualityQuery {
    /// Only tables whose name holds this.
    pub search: Option<String>,
    /// `rules`: only tables with rules; `broken`: only tables with a rule that is broken now.
    pub only: Option<String>,
    /// Only tables after this one, `<database>.<table>`: the next page.
    pub after: Option<String>,
    /// Tables on a page, 1 to 200; 50 when absent.
    pub limit: Option<usize>,
}

/// A table with its rules in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QualitySummary {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// The zone that holds its files.
    pub zone: String,
    /// How many rules it has.
    pub rules: u64,
    /// How many of them block here.
    pub blocking: u64,
    /// What came of them the last time; `None` before the first.
    pub last: Option<LastJudgement>,
}

/// What came of a table's rules in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LastJudgement {
    /// The run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub run: RunId,
    /// The worst that came of a rule.
    pub verdict: Verdict,
    /// Names of broken rules, at most 5.
    pub broken: Vec<String>,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub judged_at: Timestamp,
}

/// A table with its rules and what came of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableQuality {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// The zone that holds its files.
    pub zone: String,
    /// Its columns with their types, year, month and day left out.
    pub columns: Vec<QualityColumn>,
    /// Its rules; `None` before anybody saved some.
    pub saved: Option<SavedRules>,
    /// What came of them in the last run that checked them.
    pub last: Option<Judgement>,
    /// The last runs that checked them, newest first, at most 20.
    pub recent: Vec<LastJudgement>,
}

/// A column that a rule may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QualityColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub column_type: String,
}

/// Rules to save as the next version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RulesToSave {
    /// All rules of the table.
    pub rules: QualityRules,
    /// Why.
    pub message: String,
    /// The version that they were made from; 0 when there was none.
    pub base: u64,
}

/// Rules to try on what the table holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RulesToTry {
    /// The rules.
    pub rules: QualityRules,
    /// Try them on all days and not on the newest ones alone.
    #[serde(default)]
    pub all_days: bool,
}

/// What rules would say about what the table holds now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RulesTried {
    /// What would come of each rule.
    pub outcomes: Vec<RuleOutcome>,
    /// Days that were read, the newest ones.
    pub days: u64,
    /// Days that the table has.
    pub of_days: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that the table has.
    pub of_rows: u64,
    /// How long it took.
    pub seconds: f64,
}
