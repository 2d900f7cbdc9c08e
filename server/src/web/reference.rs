//! The API for people, made from its OpenAPI document.

use std::collections::BTreeMap;

use app::api::reference::{ParameterReference, Reference, RouteGroup, RouteReference};
use serde_json::Value;

use super::access::Access;
use super::outline::outline;
use super::routes::ListedRoute;

/// Every listed route that the document describes, by noun.
pub(super) fn reference(document: &Value, listed: &[ListedRoute]) -> Reference {
    let mut groups: BTreeMap<String, Vec<RouteReference>> = BTreeMap::new();
    for route in listed {
        let path = route.path.trim_start_matches("/api/v1");
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][path][method];
        let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
        groups.entry(tag).or_default().push(one(document, operation, route));
    }
    let groups = groups.into_iter().map(|(tag, mut routes)| {
        routes.sort_by(|left, right| left.path.cmp(&right.path));
        RouteGroup { tag, routes }
    });
    Reference { version: env!("CARGO_PKG_VERSION").to_owned(), groups: groups.collect() }
}

fn one(document: &Value, operation: &Value, route: &ListedRoute) -> RouteReference {
    let schemas = &document["components"]["schemas"];
    let method = route.method.as_str().to_owned();
    let anchor = format!("{}-{}", method.to_lowercase(), slug(&route.path));
    let request = content(&operation["requestBody"])
        .map(|(media_type, schema)| shape(media_type, &outline(schema, schemas)));
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    RouteReference {
        anchor,
        about: about(operation),
        access: access(route),
        parameters: parameters.map(|found| parameter(found, schemas)).collect(),
        answer: answer(&operation["responses"], schemas),
        example: example(&method, &route.path, request.is_some()),
        request,
        method,
        path: route.path.clone(),
    }
}

/// Summary and description; handlers often have the first alone.
fn about(operation: &Value) -> String {
    let parts = [&operation["summary"], &operation["description"]];
    parts.iter().filter_map(|part| part.as_str()).collect::<Vec<_>>().join(" ")
}

fn access(route: &ListedRoute) -> String {
    match route.access {
        Access::Public => "open to everybody".to_owned(),
        Access::SignedIn => "any member".to_owned(),
        Access::Needs(permission) if route.path.contains("{environment}") => {
            format!("{permission} in the environment")
        }
        Access::Needs(permission) => format!("{permission} in the whole lake"),
    }
}

fn parameter(found: &Value, schemas: &Value) -> ParameterReference {
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    ParameterReference {
        name: text("name"),
        place: text("in"),
        required: found["required"].as_bool().unwrap_or(false),
        kind: outline(&found["schema"], schemas),
        about: text("description"),
    }
}

/// The first answer of success, with its shape if it has one.
fn answer(responses: &Value, schemas: &Value) -> String {
    let mut statuses = responses.as_object().into_iter().flatten();
    let Some((status, response)) = statuses.find(|(status, _)| status.starts_with('2')) else {
        return String::new();
    };
    match content(response) {
        Some((media_type, schema)) => {
            format!("{status} {}", shape(media_type, &outline(schema, schemas)))
        }
        None => format!("{status} without content"),
    }
}

fn content(holder: &Value) -> Option<(&str, &Value)> {
    let (media_type, content) = holder["content"].as_object()?.iter().next()?;
    Some((media_type, &content["schema"]))
}

fn shape(media_type: &str, outline: &str) -> String {
    match media_type {
        "application/json" => outline.to_owned(),
        other => format!("{other} {outline}"),
    }
}

/// A call that works after setting two variables and what stands in the path.
fn example(method: &str, path: &str, has_body: bool) -> String {
    let mut address = String::new();
    for part in path.split('/').skip(1) {
        address.push('/');
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some("environment") => address.push_str("dev"),
            Some(name) => address.push_str(&format!("${}", name.to_uppercase())),
            None => address.push_str(part),
        }
    }
    let verb = if method == "GET" { String::new() } else { format!(" -X {method}") };
    let body = match has_body {
        true => " \\\n  -H \"Content-Type: application/json\" -d @body.json",
        false => "",
    };
    format!(
        "curl{verb} \"$SLUICE_URL{address}\" \\\n  -H \"Authorization: Bearer $SLUICE_TOKEN\"{body}"
    )
}

fn slug(path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(|ch: char| !ch.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}
