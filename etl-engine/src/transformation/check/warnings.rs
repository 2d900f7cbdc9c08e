//! SQL that can be planned, but is likely not what was meant.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Spanned, Statement, Value, Visit, Visitor,
};

use super::place::Text;
use super::{Finding, Severity};

/// Comparisons of year, month or day with a value that no partition has: `month = '8'`, where months
/// are text with two digits.
pub(super) fn unpadded_dates(text: &Text, statement: &Statement) -> Vec<Finding> {
    struct Dates<'a> {
        text: &'a Text,
        findings: Vec<Finding>,
    }
    impl Visitor for Dates<'_> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::BinaryOp { left, op, right } if compares(op) => {
                    self.findings.extend(finding(self.text, left, right));
                    self.findings.extend(finding(self.text, right, left));
                }
                Expr::InList { expr, list, .. } => {
                    let found = list.iter().filter_map(|value| finding(self.text, expr, value));
                    self.findings.extend(found);
                }
                Expr::Between { expr, low, high, .. } => {
                    let found = [low, high].into_iter();
                    self.findings.extend(found.filter_map(|v| finding(self.text, expr, v)));
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut dates = Dates { text, findings: Vec::new() };
    let _ = Visit::visit(statement, &mut dates);
    dates.findings
}

fn compares(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

fn finding(text: &Text, column: &Expr, value: &Expr) -> Option<Finding> {
    let name = match column {
        Expr::Identifier(name) => name.value.as_str(),
        Expr::CompoundIdentifier(names) => names.last()?.value.as_str(),
        _ => return None,
    };
    let digits: usize = match name {
        "year" => 4,
        "month" | "day" => 2,
        _ => return None,
    };
    let Expr::Value(literal) = value else { return None };
    let (number, is_text) = match &literal.value {
        Value::SingleQuotedString(text) => (text, true),
        Value::Number(number, _) => (number, false),
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || number.len() > digits || (is_text && number.len() == digits) {
        return None;
    }
    let right = format!("'{number:0>digits$}'");
    Some(Finding {
        severity: Severity::Warning,
        message: format!("{name} is text with {digits} digits: write {right}"),
        place: text.place(value.span()),
        suggestion: Some(right),
    })
}
