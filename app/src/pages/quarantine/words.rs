//! Reasons and kinds of rejected rows in plain words.

use domain::rejected::RejectReason;
use leptos::prelude::*;

use crate::api::quarantine::Kind;
use crate::format::count;

/// A reason in two or three words.
pub(super) fn reason_words(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::TooFewFields => "Too few fields",
        RejectReason::TooManyFields => "Too many fields",
        RejectReason::TypeMismatch => "Wrong type",
        RejectReason::MissingValue => "Value missing",
        RejectReason::BadEncoding => "Wrong encoding",
        RejectReason::TooLong => "Record too long",
        RejectReason::BadQuoting => "Broken quotes",
        RejectReason::BadJson => "Not a JSON object",
    }
}

/// A kind and how often it occurs.
pub(super) fn kind_chip(kind: Kind) -> AnyView {
    let column = kind.column.map(|column| view! { " in "<code>{column}</code> });
    view! {
        <span class="kind">
            {reason_words(kind.reason)}{column}" "<span class="kind-count">{count(kind.rows)}</span>
        </span>
    }
    .into_any()
}

/// The last part of an object's key.
pub(super) fn file_name(key: &str) -> String {
    key.rsplit('/').next().unwrap_or(key).to_owned()
}
