//! Templates in YAML: the part of it that CloudFormation reads, with short-form functions.
//!
//! Anchors and aliases are refused, so that no text of a kilobyte can stand for a gigabyte.
//! Scalars keep what is written: `012` and `1.10` and `2012-10-17` are text, not numbers or dates.

use domain::error::{Error, Result};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Number, Value, json};

use super::MOST_LEVELS;
use super::place::{Place, Places};

/// Reads one YAML document and notes where its upper keys stand.
///
/// # Errors
/// `Invalid` with line and column.
pub(super) fn read(text: &str, places: &mut Places) -> Result<Value> {
    let mut reader = Reader { parser: Parser::new_from_str(text), places, path: Vec::new() };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            _ if document.is_some() => {
                return Err(at(span, "a second document begins here: keep one template per file"));
            }
            event => document = Some(reader.node(event, span)?),
        }
    }
    document.ok_or_else(|| Error::invalid("the template is empty: give it a Resources section"))
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    places: &'a mut Places,
    path: Vec<String>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span)> {
        match self.parser.next() {
            Some(event) => event.map_err(|error| unreadable(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The value that `event` begins. Depth is bounded by the path, which grows with each level.
    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Value> {
        if self.path.len() > MOST_LEVELS {
            return Err(at(span, format!("values nest deeper than {MOST_LEVELS} levels")));
        }
        let (value, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(&text, style, tag.as_deref()), anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (self.list()?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.object()?, anchor, tag),
            Event::Alias(_) => return Err(at(span, NO_ANCHORS)),
            _ => return Err(at(span, "a value is missing here")),
        };
        if anchor > 0 {
            return Err(at(span, NO_ANCHORS));
        }
        if value.is_null() {
            return Err(at(
                span,
                "no value stands here, and CloudFormation takes no nulls: give a value, or !Ref AWS::NoValue, or leave the key out",
            ));
        }
        match tag {
            Some(tag) => long_form(&tag, value, span),
            None => Ok(value),
        }
    }

    fn list(&mut self) -> Result<Value> {
        let mut values = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::Array(values));
            }
            self.path.push(values.len().to_string());
            values.push(self.node(event, span)?);
            self.path.pop();
        }
    }

    fn object(&mut self) -> Result<Value> {
        let mut values = Map::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(values)),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                Event::Scalar(_, _, 1.., _) | Event::Alias(_) => return Err(at(span, NO_ANCHORS)),
                _ => return Err(at(span, "a key has to be plain text")),
            };
            if values.contains_key(&key) {
                return Err(at(span, format!("the key {key} stands twice here: keep one")));
            }
            self.path.push(key.clone());
            self.places.note(&self.path, place(span));
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            self.path.pop();
            values.insert(key, value);
        }
    }
}

const NO_ANCHORS: &str = "anchors and aliases are not read: write the value out";

/// Functions with a short form, beside `Ref` and `Condition`, which have no `Fn::` before them.
const SHORT_FORMS: [&str; 16] = [
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

fn long_form(tag: &Tag, value: Value, span: Span) -> Result<Value> {
    let name = tag.suffix.as_str();
    if tag.is_yaml_core_schema() {
        return Ok(value);
    }
    match name {
        "Ref" | "Condition" => Ok(json!({ name: value })),
        _ if SHORT_FORMS.contains(&name) => Ok(json!({ format!("Fn::{name}"): value })),
        _ => Err(at(
            span,
            format!(
                "!{name} is no function of CloudFormation: did you mean one of !Ref, !Condition, !{}?",
                SHORT_FORMS.join(", !")
            ),
        )),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let said_to_be_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || said_to_be_text {
        return text.into();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| text.into()),
    }
}

/// A number only when writing it down again gives the same text.
fn number(text: &str) -> Option<Value> {
    let number = match text.parse::<i64>() {
        Ok(number) => Number::from(number),
        Err(_) => Number::from_f64(text.parse().ok()?)?,
    };
    (number.to_string() == text).then_some(Value::Number(number))
}

fn place(span: Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

fn at(span: Span, message: impl std::fmt::Display) -> Error {
    Error::invalid(format!("{}: {message}", place(span)))
}

fn unreadable(error: &ScanError) -> Error {
    let (line, column) = (error.marker().line(), error.marker().col() + 1);
    let info = error.info();
    Error::invalid(format!("line {line} column {column}: this is no valid YAML: {info}"))
}
