//! Where notifications go, and how the latest deliveries went.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::tabs;
use crate::api::get;
use crate::api::settings::{Delivery, DeliveryState, NotificationTarget, Notifications};
use crate::components::{Card, Empty, PageHeader, RelativeTime, loaded, status_badge};
use crate::place::{in_environment, use_environment, use_me};

/// The page, of one environment.
pub(crate) fn notifications() -> impl IntoView {
    let (query, first) = (use_query_map(), use_environment());
    let asked = Memo::new(move |_| {
        query.with(|query| query.get("environment")).unwrap_or_else(|| first.get())
    });
    let found =
        Resource::new(move || in_environment(&asked.get(), "/notifications"), get::<Notifications>);
    let links = move || {
        let link = |name: String| {
            let selected = (name == asked.get()).then_some("true");
            let address = format!("/settings/notifications?environment={name}");
            view! { <a class="button button-small" href=address aria-current=selected>{name}</a> }
        };
        use_me().environments.iter().map(ToString::to_string).map(link).collect_view()
    };
    view! {
        <PageHeader title="Settings" lead="Runs that end or are held, plans that wait and deployments are told to these targets, at least once." />
        {tabs("/settings/notifications")}
        <nav class="row settings-environments" aria-label="Environment">{links}</nav>
        {loaded(found, 5, shown)}
    }
}

fn shown(found: Notifications) -> AnyView {
    let note = match found.routed {
        true => "by [[notifications]] of the release that runs here",
        false => "no [[notifications]] are deployed here",
    };
    let targets = found.targets.into_iter().map(target);
    view! {
        <div class="stack">
            <Card title="Targets" note=note>
                <ul class="stack">{targets.collect_view()}</ul>
            </Card>
            {deliveries(found.deliveries)}
        </div>
    }
    .into_any()
}

fn target(target: NotificationTarget) -> AnyView {
    let known = target.target.map(|name| view! { " "<code>{name}</code> });
    let missing = (!target.configured).then(|| {
        view! { " "{status_badge("bad", "not configured")} }
    });
    let told = match target.told.is_empty() {
        true => "nothing".to_owned(),
        false => target.told.join("; "),
    };
    view! { <li><strong>{target.name}</strong>{known}{missing}<div class="muted">{format!("is told: {told}")}</div></li> }
        .into_any()
}

fn deliveries(all: Vec<Delivery>) -> AnyView {
    if all.is_empty() {
        return view! { <Empty title="Nothing was told yet"><p>"The first run that ends, or the first plan that waits, is the first notification."</p></Empty> }
            .into_any();
    }
    view! {
        <Card title="Latest notifications">
            <div class="table-scroll"><table class="table">
                <caption class="visually-hidden">"Latest notifications"</caption>
                <thead><tr>
                    <th scope="col">"State"</th>
                    <th scope="col">"Subject"</th>
                    <th scope="col">"Recorded"</th>
                    <th scope="col" class="number">"Failed attempts"</th>
                </tr></thead>
                <tbody>{all.into_iter().map(row).collect_view()}</tbody>
            </table></div>
        </Card>
    }
    .into_any()
}

fn row(delivery: Delivery) -> AnyView {
    let (tone, text) = match delivery.state {
        DeliveryState::Waiting => ("wait", "Waiting"),
        DeliveryState::Delivered => ("good", "Delivered"),
        DeliveryState::GivenUp => ("bad", "Given up"),
    };
    let error = delivery.last_error.filter(|_| delivery.state != DeliveryState::Delivered);
    view! {
        <tr>
            <td>{status_badge(tone, text)}</td>
            <td class="delivery-subject">{delivery.subject}{error.map(|error| view! { <div class="failure-line">{error}</div> })}</td>
            <td class="nowrap"><RelativeTime at=delivery.created_at /></td>
            <td class="number">{delivery.failed_attempts}</td>
        </tr>
    }
    .into_any()
}
