//! How much longer a query can make a text (promises E3 and E4).
//!
//! Operators keep to the memory limit, but one call of `replace` or a chain of `||` over a WITH
//! that is itself such a chain makes a single value of any size, already while planning. The growth
//! is bounded from the syntax tree instead: in bits, a text may become 2^bits times as long.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

/// Most growth, in bits: a text of the query or a table may become 4096 times as long.
pub(crate) const MAX_GROWTH: u32 = 12;

/// Longest text that `lpad` and `rpad` may make, and most repetitions of `repeat`.
const MAX_COUNT: u64 = 1_000;

/// `lpad` and `rpad` up to this length count as no growth.
const SHORT: u64 = 64;

/// Functions that make values of any size out of one number.
const UNBOUNDED: [&str; 8] = [
    "generate_series",
    "range",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "array_pad",
    "space",
];

/// Functions that join all their arguments.
const JOINING: [&str; 12] = [
    "concat",
    "concat_ws",
    "make_array",
    "make_list",
    "array_concat",
    "array_cat",
    "list_concat",
    "list_cat",
    "array_append",
    "array_prepend",
    "array_to_string",
    "list_to_string",
];

/// What the expressions of one query level add up to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Growth {
    joined: u64,
    bits: u32,
}

impl Growth {
    /// Takes one expression into account, its parts not included. `Err` says why it is refused.
    pub(crate) fn add(&mut self, expr: &Expr) -> Result<(), String> {
        match expr {
            Expr::BinaryOp { op: BinaryOperator::StringConcat, .. } => self.joined += 1,
            Expr::Array(array) => self.joined += array.elem.len() as u64,
            Expr::Function(function) => return self.add_function(function),
            Expr::Overlay { .. } => self.joined += 1,
            _ => {}
        }
        Ok(())
    }

    /// Bits of this level on top of the `below` bits of the levels that it reads.
    pub(crate) fn above(self, below: u32) -> u32 {
        below.saturating_add(self.bits).saturating_add(bits_of(self.joined + 1))
    }

    fn add_function(&mut self, function: &Function) -> Result<(), String> {
        let name = function.name.to_string().to_lowercase();
        let name = name.trim_matches('"');
        let arguments = Arguments(&function.args);
        if UNBOUNDED.contains(&name) {
            return Err(format!("the function {name} is not allowed: its result has no bound"));
        }
        if JOINING.contains(&name) {
            self.joined += arguments.len();
        }
        match name {
            "repeat" => self.bits += bits_of(arguments.small_number(name)?),
            "lpad" | "rpad" => self.bits += bits_of(arguments.small_number(name)? / SHORT),
            "replace" | "regexp_replace" => self.bits += bits_of(arguments.replacement(name)?),
            _ => {}
        }
        Ok(())
    }
}

/// The arguments of a function.
struct Arguments<'a>(&'a FunctionArguments);

impl Arguments<'_> {
    fn len(&self) -> u64 {
        match self.0 {
            FunctionArguments::List(list) => list.args.len() as u64,
            _ => 1,
        }
    }

    fn literal(&self, index: usize) -> Option<&Value> {
        let FunctionArguments::List(list) = self.0 else { return None };
        match list.args.get(index)? {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => Some(&value.value),
            _ => None,
        }
    }

    fn small_number(&self, function: &str) -> Result<u64, String> {
        let number = match self.literal(1) {
            Some(Value::Number(digits, _)) => digits.parse().ok(),
            _ => None,
        };
        number.filter(|number| *number <= MAX_COUNT).ok_or_else(|| {
            format!("the second argument of {function} has to be a number up to {MAX_COUNT}")
        })
    }

    /// Bytes of the text that is put in.
    fn replacement(&self, function: &str) -> Result<u64, String> {
        match self.literal(2) {
            // Each reference to a group may bring back the whole match.
            Some(Value::SingleQuotedString(text)) => Ok(text.len() as u64),
            None if self.len() == 2 => Ok(0),
            _ => Err(format!("the third argument of {function} has to be a text in quotes")),
        }
    }
}

/// Bits to count up to a number: how often it can be halved, rounded up.
fn bits_of(number: u64) -> u32 {
    number.max(1).next_power_of_two().trailing_zeros()
}
