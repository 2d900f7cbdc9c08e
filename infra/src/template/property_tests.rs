//! Whatever text there is: reading it ends, with a template or with a message.

use proptest::prelude::*;

use super::{Inputs, Template};

/// Pieces that mean something to YAML, to JSON or to CloudFormation.
const PIECES: [&str; 40] = [
    "Resources",
    "Type",
    "AWS::S3::Bucket",
    "Properties",
    "Outputs",
    "Value",
    "Conditions",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "!Ref ",
    "!Sub ",
    "!If ",
    "!GetAtt ",
    "${A.B}",
    "${",
    "}",
    "{",
    "[",
    "]",
    ", ",
    "\"",
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "? ",
    "# ",
    "%TAG ! x",
    "---",
    "...",
    "\t",
    "\u{feff}",
    "\u{0}",
    "é",
    "A",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn reading_any_text_ends(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60),
    ) {
        if let Err(error) = Template::parse(&pieces.concat()) {
            prop_assert!(!error.message().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn resolving_a_damaged_template_ends(at in 0.0..1.0f64, piece in 0usize..40) {
        let text = include_str!("../../templates/tables.yaml");
        let mut at = (at * text.len() as f64) as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let damaged = format!("{}{}{}", &text[..at], PIECES[piece], &text[at..]);
        let mut inputs = Inputs::new("111122223333", "eu-central-1", "s");
        for (name, value) in [("Environment", "dev"), ("EnvironmentTitle", "Dev"),
            ("ResourceNamePrefix", "lake"), ("Protected", "true"), ("CostCenter", "1"),
            ("Team", "lake")] {
            inputs = inputs.with_parameter(name, value);
        }
        match Template::parse(&damaged).and_then(|template| template.resolve(&inputs)) {
            Ok(stack) => prop_assert!(!stack.resources.is_empty()),
            Err(error) => prop_assert!(!error.message().is_empty()),
        }
    }
}
