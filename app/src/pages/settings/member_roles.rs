//! The roles of one member, each with where it holds and where it comes from.

use domain::access::Grant;
use leptos::prelude::*;

use crate::api::members::MemberRole;
use crate::components::absolute;

/// The roles; those given by hand have a button that takes them away.
pub(super) fn role_list(
    roles: &[MemberRole],
    take: impl Fn(Grant) + Clone + Send + Sync + 'static,
) -> AnyView {
    if roles.is_empty() {
        return view! { <p class="muted">"No role: cannot sign in."</p> }.into_any();
    }
    let item = |role: &MemberRole| {
        let (grant, take) = (role.grant(), take.clone());
        let why = match (role.by_team, role.valid_until) {
            (true, Some(until)) => {
                format!("by a team, until {} unless they sign in again", day(absolute(until)))
            }
            (true, None) => "by a team".to_owned(),
            (false, _) => format!("by {}, {}", role.granted_by, day(absolute(role.granted_at))),
        };
        let label = format!("Take the role {} in {} away", grant.role, place(&grant));
        let (name, place) = (grant.role.to_string(), place(&grant));
        let button = (!role.by_team).then(move || {
            let take = move |_| take(grant.clone());
            view! { <button type="button" class="button button-small button-quiet" aria-label=label on:click=take>"Take away"</button> }
        });
        view! {
            <li class="role">
                <span class="role-name">{name}</span>" in "{place}
                <span class="muted role-why">{why}</span>
                {button}
            </li>
        }
        .into_any()
    };
    view! { <ul class="roles">{roles.iter().map(item).collect_view()}</ul> }.into_any()
}

/// Where a role holds, in words.
pub(super) fn place(grant: &Grant) -> String {
    grant.environment.as_ref().map_or_else(|| "all environments".to_owned(), ToString::to_string)
}

fn day(text: String) -> String {
    text.get(..10).unwrap_or_default().to_owned()
}
