//! The API described for people; the description for programs is `/api/v1/openapi.json`.

use serde::{Deserialize, Serialize};

/// All routes of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Reference {
    /// Version of the server.
    pub version: String,
    /// Routes by noun.
    pub groups: Vec<RouteGroup>,
}

/// The routes of one noun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RouteGroup {
    /// The noun.
    pub tag: String,
    /// Its routes.
    pub routes: Vec<RouteReference>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RouteReference {
    /// Anchor on the page.
    pub anchor: String,
    /// The HTTP method.
    pub method: String,
    /// The path from `/api/v1` on, parameters in braces.
    pub path: String,
    /// What it does, in a sentence or two.
    pub about: String,
    /// What it asks of its caller.
    pub access: String,
    /// Parameters of path and query.
    pub parameters: Vec<ParameterReference>,
    /// Shape of the request's body.
    pub request: Option<String>,
    /// Status and shape of the answer when all goes well.
    pub answer: String,
    /// A call with curl.
    pub example: String,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ParameterReference {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// Whether it must be there.
    pub required: bool,
    /// Its type.
    pub kind: String,
    /// What it means.
    pub about: String,
}
