//! JSON schemas as people read them: the shape of a value, in the manner of TypeScript.

use serde_json::Value;

/// Named shapes inside of each other that are written out; deeper ones keep their name.
const DEPTH: usize = 4;
/// Choices of an enumeration that are written out.
const CHOICES: usize = 16;

/// The shape of a value. `schemas` are those that references name.
pub(super) fn outline(schema: &Value, schemas: &Value) -> String {
    Outline { schemas }.of(schema, 0, DEPTH)
}

struct Outline<'a> {
    schemas: &'a Value,
}

impl Outline<'_> {
    fn of(&self, schema: &Value, indent: usize, depth: usize) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            let target = &self.schemas[name];
            return match target.is_object() && depth > 0 {
                true => self.of(target, indent, depth - 1),
                false => name.to_owned(),
            };
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(all) = schema[choice].as_array() {
                let separator = if choice == "allOf" { " & " } else { " | " };
                let parts: Vec<_> = all.iter().map(|one| self.of(one, indent, depth)).collect();
                return parts.join(separator);
            }
        }
        if let Some(choices) = schema["enum"].as_array() {
            return enumeration(choices);
        }
        match &schema["type"] {
            Value::Array(types) => {
                let names = types.iter().filter_map(Value::as_str);
                let names: Vec<_> =
                    names.map(|name| self.typed(name, schema, indent, depth)).collect();
                names.join(" | ")
            }
            Value::String(name) => self.typed(name, schema, indent, depth),
            _ if schema["properties"].is_object() => self.object(schema, indent, depth),
            _ => "any".to_owned(),
        }
    }

    fn typed(&self, name: &str, schema: &Value, indent: usize, depth: usize) -> String {
        match name {
            "array" => {
                let items = self.of(&schema["items"], indent, depth);
                let several = items.contains(" | ") && !items.starts_with('{');
                if several { format!("({items})[]") } else { format!("{items}[]") }
            }
            "object" => self.object(schema, indent, depth),
            other => other.to_owned(),
        }
    }

    fn object(&self, schema: &Value, indent: usize, depth: usize) -> String {
        let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty())
        else {
            let values = &schema["additionalProperties"];
            return match values.is_object() {
                true => format!("{{ [name]: {} }}", self.of(values, indent, depth)),
                false => "object".to_owned(),
            };
        };
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
        };
        let inner = "  ".repeat(indent + 1);
        let mut text = "{\n".to_owned();
        for (name, property) in properties {
            let mark = if required(name) { "" } else { "?" };
            let kind = self.of(property, indent + 1, depth);
            text.push_str(&format!("{inner}{name}{mark}: {kind}{}\n", remark(property)));
        }
        text.push_str(&"  ".repeat(indent));
        text.push('}');
        text
    }
}

fn enumeration(choices: &[Value]) -> String {
    let mut names: Vec<_> = choices.iter().take(CHOICES).map(Value::to_string).collect();
    if choices.len() > CHOICES {
        names.push("…".to_owned());
    }
    names.join(" | ")
}

/// The first sentence of what a field means.
fn remark(property: &Value) -> String {
    let text = property["description"].as_str().unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let sentence = line.split_once(". ").map_or(line, |(first, _)| first).trim_end_matches('.');
    if sentence.is_empty() { String::new() } else { format!("  // {sentence}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_written_out() {
        let schemas = json!({
            "Status": { "type": "string", "enum": ["QUEUED", "FAILED"] },
            "Run": { "type": "object", "required": ["id", "status"], "properties": {
                "id": { "type": "string", "description": "Its id. Sorts by time." },
                "status": { "$ref": "#/components/schemas/Status" },
                "note": { "type": ["string", "null"] },
                "again": { "type": "array", "items": { "$ref": "#/components/schemas/Status" } },
            } },
        });
        let text = outline(&json!({ "$ref": "#/components/schemas/Run" }), &schemas);
        let expected = "{\n  again?: (\"QUEUED\" | \"FAILED\")[]\n  id: string  // Its id\n  \
                        note?: string | null\n  status: \"QUEUED\" | \"FAILED\"\n}";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_shape_that_holds_itself_ends() {
        let schemas = json!({ "Node": { "type": "object", "required": ["next"], "properties": {
            "next": { "$ref": "#/components/schemas/Node" } } } });
        let text = outline(&json!({ "$ref": "#/components/schemas/Node" }), &schemas);
        assert_eq!(text.matches("next: {").count(), DEPTH - 1);
        assert!(text.contains("next: Node"));
    }
}
