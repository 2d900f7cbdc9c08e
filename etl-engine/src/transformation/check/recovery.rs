//! Planning on after an error, so that all errors are found, each with its place.

use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::tokenizer::{Location, Span};

use super::Finding;
use super::blank::{Numbered, around, expressions, innermost, without};
use super::place::Text;
use crate::query::failure::failure;
use crate::query::planning::plan_tree;
use crate::query::suggestion::closest;

/// Most errors that are looked into.
const MAX_FINDINGS: usize = 20;

/// Most plans that are made to locate one error.
const MAX_TRIALS: usize = 60;

/// What DataFusion says of operators whose sides have types that do not fit.
const MISMATCH: &str = "expressions have incompatible types";

/// Planning of one statement.
pub(super) struct Recovery<'a> {
    state: &'a SessionState,
    text: &'a Text,
    tree: Statement,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Recovery<'a> {
    pub(super) fn new(state: &'a SessionState, text: &'a Text, tree: Statement) -> Self {
        Self { state, text, tree, findings: Vec::new() }
    }

    /// The plan of the statement, of which every expression with an error is left out; `None` when
    /// an error is not that of an expression.
    pub(super) async fn plan(&mut self) -> Option<LogicalPlan> {
        for _ in 0..MAX_FINDINGS {
            let error = match plan_tree(self.state, self.tree.clone()).await {
                Ok(plan) => return Some(plan),
                Err(error) => error,
            };
            let culprit = self.take(error).await?;
            self.tree = without(&self.tree, culprit);
        }
        None
    }

    /// Notes an error; returns the number of the expression to go on without.
    async fn take(&mut self, error: DataFusionError) -> Option<usize> {
        // Of several errors at once the first is taken; the others come again.
        let error = match error {
            DataFusionError::Collection(mut errors) if !errors.is_empty() => errors.swap_remove(0),
            error => error,
        };
        let all = expressions(&self.tree);
        let place = error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| {
            let location =
                |at: datafusion::common::Location| Location { line: at.line, column: at.column };
            Span::new(location(span.start), location(span.end))
        });
        let column = unknown_column(&error);
        // NULL stands for what was left out, also where its value goes: in a query around it.
        let is_about_null = words(&error.to_string()).any(|word| word == "Null");
        let found = match (place, &column) {
            (Some(place), _) => innermost(&all, place),
            (None, Some((field, _))) => all.iter().find(|found| names(found, field)),
            (None, None) => None,
        };
        let found = match found {
            // An operator whose sides do not fit is told with the place of one of them.
            Some(side) if side.column.is_some() && of_an_operator(&error) => {
                Some(around(&all, side).unwrap_or(side))
            }
            Some(found) => Some(found),
            None => self.without_a_place(&all, &error).await,
        };
        let span = found.map_or(Span::empty(), |found| found.span);
        let place = self.text.place(span);
        let finding = match (column, found.and_then(|found| found.column.as_ref())) {
            (Some((field, candidates)), Some(parts)) => {
                let near = closest(&field.name, candidates.iter().map(|other| other.name()));
                let suggestion = near.map(|near| with_qualifier(parts, near));
                let message = match near {
                    Some(near) => {
                        format!("there is no column {:?}, did you mean {near:?}?", field.name)
                    }
                    None => format!("there is no column {:?}", field.name),
                };
                Finding { suggestion, ..Finding::error(message, place) }
            }
            _ => self.described(error, span),
        };
        // An error that stays where an expression was left out is not that expression's.
        if self.findings.iter().any(|known| known.place == finding.place) {
            return None;
        }
        // Around what was left out, types are not what they would be.
        let around = self.findings.iter().any(|known| finding.place.holds(known.place));
        if !around && (self.findings.is_empty() || !is_about_null) {
            self.findings.push(finding);
        }
        found.map(|found| found.number)
    }

    /// The finding for any other error, in DataFusion's words made shorter.
    fn described(&self, error: DataFusionError, span: Span) -> Finding {
        let brief = error.diagnostic().map(|diagnostic| diagnostic.message.clone());
        // That says less than the error itself, which names the types.
        let brief = brief.filter(|brief| brief != MISMATCH);
        let error = failure(error);
        let message = error.message();
        if let Some((unknown, near)) = unknown_function(message) {
            let message = format!("there is no function {unknown:?}, did you mean {near:?}?");
            let finding = Finding::error(message, self.text.word(span));
            return Finding { suggestion: Some(near.to_owned()), ..finding };
        }
        let message = brief.unwrap_or_else(|| without_place(message));
        Finding::error(message, self.text.place(span))
    }

    /// The expression of an error that does not tell its place. Errors that name a function are
    /// looked for in its calls, which saves most trials.
    async fn without_a_place<'e>(
        &self,
        all: &'e [Numbered],
        error: &DataFusionError,
    ) -> Option<&'e Numbered> {
        let error = error.to_string();
        let Some(function) = named_function(&error) else {
            return self.culprit(all, &error, None).await;
        };
        let is_call = |found: &&Numbered| {
            found.function.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(function))
        };
        let calls: Vec<_> = all.iter().filter(is_call).take(MAX_TRIALS).collect();
        if error.contains("Invalid function '") {
            return calls.first().copied();
        }
        let first = self.first_cause(&calls, &error).await;
        self.culprit(all, &error, first).await
    }

    /// The first of some calls without which the error is another one: half of those that it may be
    /// are left out at a time. `None` when the error stays without all of them.
    async fn first_cause<'e>(&self, calls: &[&'e Numbered], error: &str) -> Option<&'e Numbered> {
        if calls.len() > 1 && !self.goes_without(calls, error).await {
            return None;
        }
        // It goes without the first `most` calls, and stays without the first `fewest`.
        let (mut fewest, mut most) = (0, calls.len());
        while most - fewest > 1 {
            let middle = usize::midpoint(fewest, most);
            match self.goes_without(&calls[..middle], error).await {
                true => most = middle,
                false => fewest = middle,
            }
        }
        calls.get(fewest).copied()
    }

    /// Whether the error is another one, or none, without some expressions.
    async fn goes_without(&self, some: &[&Numbered], error: &str) -> bool {
        // From the last on: what is left out has no numbers any more.
        let left_out = some.iter().rev();
        let tree = left_out.fold(self.tree.clone(), |tree, found| without(&tree, found.number));
        let outcome = plan_tree(self.state, tree).await;
        outcome.err().is_none_or(|other| other.to_string() != error)
    }

    /// The innermost expression without which the error is another one, or none; `within` one that
    /// is known to be a cause. Where two parts of an expression would do, it is how they meet that is
    /// wrong: the whole of it.
    async fn culprit<'e>(
        &self,
        all: &'e [Numbered],
        error: &str,
        within: Option<&'e Numbered>,
    ) -> Option<&'e Numbered> {
        let mut trials = 0;
        let mut found = within;
        let (mut from, mut depth) =
            within.map_or((0, 0), |cause| (cause.number + 1, cause.depth + 1));
        loop {
            let mut causes = Vec::new();
            let inside = all[from..].iter().take_while(|other| other.depth >= depth);
            for candidate in inside.filter(|other| other.depth == depth) {
                trials += 1;
                if trials > MAX_TRIALS {
                    return found;
                }
                if self.goes_without(&[candidate], error).await {
                    causes.push(candidate);
                }
            }
            match (causes[..].first(), causes.len()) {
                (Some(&cause), 1) => found = Some(cause),
                (Some(&cause), _) if found.is_none() => found = Some(cause),
                _ => return found,
            }
            let cause: &Numbered = found?;
            (from, depth) = (cause.number + 1, cause.depth + 1);
        }
    }
}

fn names(found: &Numbered, column: &Column) -> bool {
    found.column.as_ref().and_then(|parts| parts.last()).is_some_and(|name| *name == column.name)
}

fn of_an_operator(error: &DataFusionError) -> bool {
    error.diagnostic().is_some_and(|diagnostic| diagnostic.message == MISMATCH)
}

fn unknown_column(error: &DataFusionError) -> Option<(Column, Vec<Column>)> {
    match error.find_root() {
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                Some((field.as_ref().clone(), valid_fields.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The name in the place of the last of `parts`.
fn with_qualifier(parts: &[String], name: &str) -> String {
    let qualifier = parts.iter().take(parts.len().saturating_sub(1)).map(String::as_str);
    qualifier.chain([name]).collect::<Vec<_>>().join(".")
}

/// The function that a message is about.
fn named_function(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("unction '")?;
    rest.split_once('\'').map(|(name, _)| name)
}

fn words(message: &str) -> impl Iterator<Item = &str> {
    message.split(|ch: char| !ch.is_alphanumeric())
}

/// The name of a function that does not exist and the one that DataFusion offers instead.
fn unknown_function(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("Invalid function '")?;
    let (unknown, rest) = rest.split_once('\'')?;
    let (_, rest) = rest.split_once("Did you mean '")?;
    Some((unknown, rest.split_once('\'')?.0))
}

/// The first sentence of a message, without the place that the finding carries.
fn without_place(message: &str) -> String {
    if let Some(refused) = refused_argument(message) {
        return refused;
    }
    let message = message.split(" (line ").next().unwrap_or(message);
    let message = message.lines().next().unwrap_or(message).trim();
    let prefixes = ["Internal error: ", "Error during planning: ", "[return_type] "];
    prefixes
        .iter()
        .fold(message, |text, prefix| text.strip_prefix(prefix).unwrap_or(text))
        .to_owned()
}

/// What a function does not take, and what it does. DataFusion lists every attempt as
/// `Function 'sum' requires Decimal, but received String (DataType: Utf8)`.
fn refused_argument(message: &str) -> Option<String> {
    let mut takes = Vec::new();
    let (mut name, mut given) = ("", "");
    for attempt in message.split("Function '").skip(1) {
        let (function, rest) = attempt.split_once('\'')?;
        let Some(rest) = rest.strip_prefix(" requires ") else { continue };
        let (wanted, rest) = rest.split_once(", but received ")?;
        let received = rest.split(' ').next()?;
        (name, given) = (function, received);
        takes.push(wanted.to_lowercase());
    }
    let last = takes.pop()?;
    let takes = if takes.is_empty() { last } else { format!("{} or {last}", takes.join(", ")) };
    Some(format!("{name} does not take {}, but {takes}: cast its argument", given.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_argument_is_told_in_a_sentence() {
        let attempt = |wanted: &str| {
            format!(
                "Error during planning: Function 'sum' requires {wanted}, but received String \
                 (DataType: Utf8)."
            )
        };
        let message = format!(
            "Internal error: Function 'sum' failed to match any signature, errors: {},{}.",
            attempt("Decimal"),
            attempt("Int64")
        );
        let told = "sum does not take string, but decimal or int64: cast its argument";
        assert_eq!(without_place(&message), told);
        assert_eq!(without_place("Internal error: odd (line 1, column 2)"), "odd");
    }
}
