//! One rule while somebody writes it.

use std::collections::BTreeMap;

use domain::environment::EnvironmentName;
use domain::quality::{Check, Effect, Rule};
use leptos::prelude::*;

use crate::api::Problem;
use crate::api::quality::{QualityColumn, RulesTried};

/// The fields of the form, all as they are typed.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// The columns of the table, as they were when the form was opened.
    pub(super) choices: RwSignal<Vec<QualityColumn>>,
    /// The name of the rule that is changed; `None` for a new one.
    pub(super) of: RwSignal<Option<String>>,
    pub(super) name: RwSignal<String>,
    pub(super) kind: RwSignal<String>,
    pub(super) column: RwSignal<String>,
    pub(super) columns: RwSignal<Vec<String>>,
    pub(super) min: RwSignal<String>,
    pub(super) max: RwSignal<String>,
    /// One value a line.
    pub(super) values: RwSignal<String>,
    pub(super) days: RwSignal<String>,
    pub(super) min_percent: RwSignal<String>,
    pub(super) max_percent: RwSignal<String>,
    pub(super) max_age: RwSignal<String>,
    pub(super) sql: RwSignal<String>,
    pub(super) effect: RwSignal<Effect>,
    pub(super) effect_in: RwSignal<BTreeMap<EnvironmentName, Effect>>,
    /// What is wrong, by field.
    pub(super) faults: RwSignal<Vec<(String, String)>>,
    pub(super) problem: RwSignal<Option<Problem>>,
    pub(super) tried: RwSignal<Option<RulesTried>>,
    pub(super) busy: RwSignal<bool>,
}

/// A rule as it can be read from the form, or the fields that cannot be read.
pub(super) type Read = Result<Rule, Vec<(String, String)>>;

impl Form {
    pub(super) fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self {
            choices: RwSignal::new(Vec::new()),
            of: RwSignal::new(None),
            name: text(),
            kind: RwSignal::new("not_null".to_owned()),
            column: text(),
            columns: RwSignal::new(Vec::new()),
            min: text(),
            max: text(),
            values: text(),
            days: text(),
            min_percent: text(),
            max_percent: text(),
            max_age: text(),
            sql: text(),
            effect: RwSignal::new(Effect::Block),
            effect_in: RwSignal::new(BTreeMap::new()),
            faults: RwSignal::new(Vec::new()),
            problem: RwSignal::new(None),
            tried: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// Begins with a rule, or with an empty one.
    pub(super) fn begin(self, rule: Option<&Rule>) {
        for text in [self.name, self.column, self.min, self.max, self.values, self.sql] {
            text.set(String::new());
        }
        self.days.set("7".to_owned());
        self.min_percent.set("50".to_owned());
        self.max_percent.set(String::new());
        self.max_age.set("24".to_owned());
        self.columns.set(Vec::new());
        self.forget();
        self.of.set(rule.map(|rule| rule.name.clone()));
        self.effect.set(rule.map_or(Effect::Block, |rule| rule.effect));
        self.effect_in.set(rule.map(|rule| rule.effect_in.clone()).unwrap_or_default());
        let Some(rule) = rule else { return };
        self.name.set(rule.name.clone());
        self.kind.set(rule.check.kind().to_owned());
        self.show(&rule.check);
    }

    fn show(self, check: &Check) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |number: &Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        match check {
            Check::NotNull { column } => self.column.set(column.clone()),
            Check::Unique { columns } => self.columns.set(columns.clone()),
            Check::Range { column, min, max } => {
                self.column.set(column.clone());
                self.min.set(text(min));
                self.max.set(text(max));
            }
            Check::AcceptedValues { column, values } => {
                self.column.set(column.clone());
                self.values.set(values.join("\n"));
            }
            Check::RowCount { days, min_percent, max_percent } => {
                self.days.set(days.to_string());
                self.min_percent.set(number(min_percent));
                self.max_percent.set(number(max_percent));
            }
            Check::Freshness { column, max_age_hours } => {
                self.column.set(text(column));
                self.max_age.set(max_age_hours.to_string());
            }
            Check::Sql { sql } => self.sql.set(sql.clone()),
        }
    }

    /// Forgets what was said about an earlier text.
    pub(super) fn forget(self) {
        self.faults.set(Vec::new());
        self.problem.set(None);
        self.tried.set(None);
    }

    /// Shows what the server found: at the fields that it names, else below them.
    pub(super) fn tell(self, problem: Problem) {
        let named = problem.fields.iter().map(|fault| {
            let field = fault.field.rsplit('.').next().unwrap_or_default();
            (field.to_owned(), fault.message.clone())
        });
        let named: Vec<_> = named.collect();
        self.problem.set(named.is_empty().then_some(problem));
        self.faults.set(named);
    }

    /// What is wrong with a field.
    pub(super) fn fault(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.faults.with(|faults| {
                faults.iter().find(|(of, _)| of == field).map(|(_, message)| message.clone())
            })
        })
    }

    /// The rule as it is written.
    pub(super) fn read(self) -> Read {
        let mut faults = Vec::new();
        let mut whole = |field: &str, text: RwSignal<String>| {
            let text = text.get_untracked();
            let number = text.trim().parse::<u32>();
            number
                .map_err(|_| faults.push((field.to_owned(), "write a whole number".to_owned())))
                .ok()
        };
        let given = |text: RwSignal<String>| {
            let text = text.get_untracked().trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let column = self.column.get_untracked();
        let check = match self.kind.get_untracked().as_str() {
            "unique" => Check::Unique { columns: self.columns.get_untracked() },
            "range" => Check::Range { column, min: given(self.min), max: given(self.max) },
            "accepted_values" => {
                let values = self.values.get_untracked();
                let values = values.lines().map(str::trim).filter(|line| !line.is_empty());
                Check::AcceptedValues { column, values: values.map(str::to_owned).collect() }
            }
            "row_count" => Check::RowCount {
                days: whole("days", self.days).unwrap_or_default(),
                min_percent: given(self.min_percent)
                    .and_then(|_| whole("min_percent", self.min_percent)),
                max_percent: given(self.max_percent)
                    .and_then(|_| whole("max_percent", self.max_percent)),
            },
            "freshness" => Check::Freshness {
                column: (!column.is_empty()).then_some(column),
                max_age_hours: whole("max_age_hours", self.max_age).unwrap_or_default(),
            },
            "sql" => Check::Sql { sql: self.sql.get_untracked() },
            _ => Check::NotNull { column },
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let name = given(self.name).unwrap_or_else(|| suggested_name(&check));
        Ok(Rule {
            name,
            check,
            effect: self.effect.get_untracked(),
            effect_in: self.effect_in.get_untracked(),
        })
    }
}

/// A name for a rule that nobody named.
fn suggested_name(check: &Check) -> String {
    let columns = check.columns().join(", ");
    let name = match check {
        Check::NotNull { .. } => format!("{columns} not NULL"),
        Check::Unique { .. } => format!("{columns} unique"),
        Check::Range { .. } => format!("{columns} in range"),
        Check::AcceptedValues { .. } => format!("{columns} accepted"),
        Check::RowCount { .. } => "row count".to_owned(),
        Check::Freshness { .. } => "freshness".to_owned(),
        Check::Sql { .. } => "no failing rows".to_owned(),
    };
    name.chars().take(60).collect()
}
