//! Settings: members, tokens, notification targets, retention, audit log.

mod audit;
mod change;
mod member_roles;
mod members;
mod notifications;
mod retention;
mod tokens;

use domain::access::Permission;
use leptos::prelude::*;

use crate::place::use_rights;

pub(crate) use audit::audit;
pub(crate) use members::members;
pub(crate) use notifications::notifications;
pub(crate) use retention::retention;
pub(crate) use tokens::tokens;

/// The first page that the reader may see.
pub(crate) fn settings() -> AnyView {
    match use_rights().allow(Permission::ManageSettings, None) {
        true => members().into_any(),
        false => tokens().into_any(),
    }
}

/// Links to the pages that the reader may see; `current` is the path of this one.
fn tabs(current: &'static str) -> AnyView {
    let rights = use_rights();
    let tab = |path: &'static str, text: &'static str, shown: bool| {
        let selected = (path == current).then_some("page");
        shown.then(|| view! { <a href=path aria-current=selected>{text}</a> })
    };
    let (admin, auditor) = (Permission::ManageSettings, Permission::ViewAudit);
    view! {
        <nav class="tabs" aria-label="Settings">
            {tab("/settings/members", "Members", rights.allow(admin, None))}
            {tab("/settings/tokens", "API tokens", true)}
            {tab("/settings/notifications", "Notifications", true)}
            {tab("/settings/retention", "Retention", true)}
            {tab("/settings/audit", "Audit log", rights.allow(auditor, None))}
        </nav>
    }
    .into_any()
}
