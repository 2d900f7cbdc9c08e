//! The API, described: every route with what it asks, takes and gives.

use leptos::prelude::*;

use crate::api::reference::{ParameterReference, Reference, RouteGroup, RouteReference};
use crate::api::{Problem, get};
use crate::components::{PageHeader, loaded};

/// The page.
pub(crate) fn api() -> impl IntoView {
    let reference: Resource<Result<Reference, Problem>> =
        Resource::new(|| (), |()| get("/api/v1/reference"));
    view! {
        <PageHeader title="API" lead="Everything the console does goes through these routes, with the same permissions.">
            <a class="button" href="/settings/tokens">"API tokens"</a>
            <a class="button" href="/api/v1/openapi.json" rel="external">"OpenAPI document"</a>
        </PageHeader>
        {introduction()}
        {loaded(reference, 12, contents)}
    }
}

fn introduction() -> AnyView {
    view! {
        <section class="card api-introduction">
            <div class="card-body stack">
                <p>"Scripts send a token: "<code>"Authorization: Bearer …"</code>
                    ". A token has scopes and an end, and never more rights than its owner."</p>
                <p>"Errors are "<code>"application/problem+json"</code>
                    " with status, title, detail, the wrong fields and the id of the request. Lists come in pages: pass "
                    <code>"cursor"</code>" on to get the next one. A change with an "
                    <code>"Idempotency-Key"</code>" header can be repeated safely for a day."</p>
            </div>
        </section>
    }
    .into_any()
}

fn contents(reference: Reference) -> AnyView {
    let index = reference.groups.iter().map(index_entry).collect_view();
    let groups = reference.groups.into_iter().map(group).collect_view();
    view! {
        <nav class="api-index" aria-label="Routes by noun"><ul>{index}</ul></nav>
        {groups}
        <p class="muted">"Sluice "{reference.version}</p>
    }
    .into_any()
}

fn index_entry(group: &RouteGroup) -> AnyView {
    let link = format!("#{}", group.tag);
    let count = group.routes.len();
    view! { <li><a href=link>{group.tag.clone()}</a>" "<span class="muted">{count}</span></li> }
        .into_any()
}

fn group(group: RouteGroup) -> AnyView {
    let routes = group.routes.into_iter().map(route).collect_view();
    let id = group.tag.clone();
    view! {
        <section class="api-group" id=id>
            <h2>{group.tag}</h2>
            {routes}
        </section>
    }
    .into_any()
}

fn route(route: RouteReference) -> AnyView {
    let anchor = format!("#{}", route.anchor);
    let parameters = (!route.parameters.is_empty()).then(|| parameters(route.parameters));
    let request = route.request.map(|shape| code_block("Request", shape));
    let method = route.method.clone();
    view! {
        <article class="card api-route" id=route.anchor>
            <header class="api-route-header">
                <span class="api-method" data-method=method>{route.method}</span>
                <h3><a href=anchor><code>{route.path}</code></a></h3>
                <span class="api-access">{route.access}</span>
            </header>
            <div class="card-body stack">
                <p>{route.about}</p>
                {parameters}
                {request}
                {code_block("Answer", route.answer)}
                {code_block("Example", route.example)}
            </div>
        </article>
    }
    .into_any()
}

fn parameters(parameters: Vec<ParameterReference>) -> AnyView {
    let rows = parameters.into_iter().map(|parameter| {
        let need = if parameter.required { "required" } else { "optional" };
        view! {
            <tr>
                <th scope="row"><code>{parameter.name}</code></th>
                <td>{parameter.place}", "{need}</td>
                <td><code>{parameter.kind}</code></td>
                <td>{parameter.about}</td>
            </tr>
        }
    });
    view! {
        <div class="table-scroll">
            <table class="table">
                <thead><tr>
                    <th scope="col">"Parameter"</th><th scope="col">"Where"</th>
                    <th scope="col">"Type"</th><th scope="col">"Meaning"</th>
                </tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn code_block(title: &'static str, text: String) -> AnyView {
    // Long shapes scroll; the keyboard must be able to do so too.
    view! {
        <div class="api-code">
            <h4>{title}</h4>
            <pre tabindex="0" aria-label=title><code>{text}</code></pre>
        </div>
    }
    .into_any()
}
