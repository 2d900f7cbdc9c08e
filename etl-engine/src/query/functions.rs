//! The functions that SQL may call, for people who write it.

use datafusion::logical_expr::Documentation;
use domain::Result;

use super::planning::planning_session;

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunctionKind {
    /// One row.
    Scalar,
    /// Many rows, for one value.
    Aggregate,
    /// Many rows, for a value in each.
    Window,
}

impl FunctionKind {
    /// The name on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Aggregate => "aggregate",
            Self::Window => "window",
        }
    }
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: FunctionKind,
    /// How it is called.
    pub signature: String,
    /// What it does, in a line.
    pub about: String,
}

/// All functions, by name.
pub fn functions() -> Result<Vec<Function>> {
    let state = planning_session(&[])?;
    let scalar = state.scalar_functions().iter();
    let scalar =
        scalar.map(|(name, function)| (FunctionKind::Scalar, name, function.documentation()));
    let aggregate = state.aggregate_functions().iter();
    let aggregate =
        aggregate.map(|(name, function)| (FunctionKind::Aggregate, name, function.documentation()));
    let window = state.window_functions().iter();
    let window =
        window.map(|(name, function)| (FunctionKind::Window, name, function.documentation()));
    let all = scalar.chain(aggregate).chain(window);
    let mut all: Vec<_> = all.map(|(kind, name, about)| described(kind, name, about)).collect();
    all.sort();
    Ok(all)
}

fn described(kind: FunctionKind, name: &str, about: Option<&Documentation>) -> Function {
    let signature = about.map_or("", |about| about.syntax_example.trim());
    let signature = match signature.lines().next() {
        None | Some("") => format!("{name}(…)"),
        Some(first) => first.to_owned(),
    };
    let about = about.map_or("", |about| about.description.trim());
    let about = about.lines().next().unwrap_or_default().to_owned();
    Function { name: name.to_owned(), kind, signature, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_say_how_they_are_called_and_what_they_do() {
        let functions = functions().unwrap();
        let named = |name: &str| functions.iter().find(|function| function.name == name).unwrap();
        let lpad = named("lpad");
        assert_eq!(lpad.kind, FunctionKind::Scalar);
        assert!(lpad.signature.starts_with("lpad(str, n"), "{lpad:?}");
        assert!(!lpad.about.is_empty() && !lpad.about.contains('\n'));
        assert_eq!(named("sum").kind, FunctionKind::Aggregate);
        assert_eq!(named("row_number").kind, FunctionKind::Window);
        assert!(functions.len() > 200, "{}", functions.len());
    }
}
