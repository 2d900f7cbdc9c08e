//! Tokens for automation: make, list, revoke. A secret is shown once.

use domain::access::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::tabs;
use crate::api::tokens::{CreatedToken, NewToken, Token};
use crate::api::{Page, Problem, get, send};
use crate::components::{
    Card, Empty, PageHeader, RelativeTime, absolute, failure_line, loaded, status_badge, toast,
    toast_problem,
};
use crate::place::use_rights;

type Tokens = Resource<Result<Page<Token>, Problem>>;

/// What a scope allows, in the words of a chooser.
const SCOPES: [(Permission, &str); 13] = [
    (Permission::ViewLake, "See sources, runs, zones and counts"),
    (Permission::ViewQuarantine, "See rejected rows with their raw text"),
    (Permission::OperateRuns, "Retry, cancel and replay runs"),
    (Permission::EditSources, "Propose, preview and register sources"),
    (Permission::EditTransformations, "Try, save and restore SQL and quality rules"),
    (Permission::EditCatalog, "Describe tables and columns"),
    (Permission::RunQueries, "Run queries and see sample rows"),
    (Permission::ExportResults, "Export the rows of a query"),
    (Permission::UploadFiles, "Upload files into the raw zone"),
    (Permission::OperatePipelines, "Start, cancel and retry deliveries, promote, roll back"),
    (Permission::DecidePlans, "Approve and reject plans"),
    (Permission::ViewAudit, "Read and export the audit log"),
    (Permission::ManageSettings, "Change members and settings"),
];

/// The page.
pub(crate) fn tokens() -> impl IntoView {
    let admin = use_rights().allow(Permission::ManageSettings, None);
    let path = if admin { "/api/v1/tokens?all=true" } else { "/api/v1/tokens" };
    let tokens: Tokens = Resource::new(move || path.to_owned(), get::<Page<Token>>);
    view! {
        <PageHeader title="Settings" lead="Tokens let scripts use the API as you, within the scopes you choose. They end when they expire, when you revoke them, or when you lose the role." />
        {tabs("/settings/tokens")}
        <div class="token-columns">
            <div class="stack">
                <Card title="New token">{form(tokens)}</Card>
                <Card title="Your sessions">
                    <form class="stack" method="post" action="/sign-out?everywhere=true">
                        <p class="muted">"Lost a device? This ends your sessions in all browsers, this one included. Tokens stay."</p>
                        <div><button type="submit" class="button button-danger">"Sign out everywhere"</button></div>
                    </form>
                </Card>
            </div>
            {loaded(tokens, 4, move |page| table(page.items, tokens))}
        </div>
    }
}

fn form(tokens: Tokens) -> AnyView {
    let (name, days) = (RwSignal::new(String::new()), RwSignal::new("30".to_owned()));
    let scopes = RwSignal::new(vec![Permission::ViewLake]);
    let outcome = RwSignal::new(None::<Result<CreatedToken, Problem>>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let new = NewToken {
            name: name.get_untracked(),
            scopes: scopes.get_untracked(),
            days: days.get_untracked().parse().unwrap_or_default(),
        };
        spawn_local(async move {
            let made = send::<_, CreatedToken>("POST", "/api/v1/tokens", &new).await;
            if made.is_ok() {
                name.set(String::new());
                tokens.refetch();
            }
            outcome.set(Some(made));
        });
    };
    let check = move |(permission, text): (Permission, &'static str)| {
        let id = format!("scope-{permission}");
        let (label_for, name) = (id.clone(), permission.as_str());
        let toggle = move |event| {
            let on = event_target_checked(&event);
            scopes.update(|scopes| {
                scopes.retain(|scope| *scope != permission);
                if on {
                    scopes.push(permission);
                }
            });
        };
        view! {
            <div class="check">
                <input type="checkbox" id=id checked=permission == Permission::ViewLake on:change=toggle />
                <label for=label_for>{text}" "<code class="muted">{name}</code></label>
            </div>
        }
        .into_any()
    };
    view! {
        <form class="stack" on:submit=submit>
            <div class="field">
                <label for="token-name">"Name"</label>
                <input id="token-name" type="text" required maxlength="80" autocomplete="off" placeholder="nightly upload"
                    prop:value=name on:input=move |event| name.set(event_target_value(&event)) />
                <p class="hint">"What uses it, so that you know what to revoke."</p>
            </div>
            <div class="field">
                <label for="token-days">"Ends after"</label>
                <select id="token-days" on:change=move |event| days.set(event_target_value(&event))>
                    <option value="7">"7 days"</option>
                    <option value="30" selected>"30 days"</option>
                    <option value="90">"90 days"</option>
                    <option value="365">"365 days"</option>
                </select>
            </div>
            <fieldset class="field">
                <legend>"Scopes"</legend>
                {SCOPES.map(check)}
            </fieldset>
            <div><button type="submit" class="button button-primary">"Make token"</button></div>
            <div aria-live="polite">{move || outcome.get().map(told)}</div>
        </form>
    }
    .into_any()
}

/// The secret, or why there is none.
fn told(outcome: Result<CreatedToken, Problem>) -> AnyView {
    let made = match outcome {
        Ok(made) => made,
        Err(problem) => return failure_line(&problem),
    };
    let secret = made.secret.clone();
    let copy = move |_| copy(&secret);
    view! {
        <div class="notice token-secret" data-tone="good">
            <p><strong>{format!("Token {}", made.token.name)}</strong>" — copy it now: it is not shown again."</p>
            <code class="mono">{made.secret}</code>
            <button type="button" class="button button-small" on:click=copy>"Copy"</button>
        </div>
    }
    .into_any()
}

fn copy(text: &str) {
    #[cfg(not(feature = "ssr"))]
    let _ = window().navigator().clipboard().write_text(text);
    #[cfg(feature = "ssr")]
    let _ = text;
    toast("good", "Copied.");
}

fn table(all: Vec<Token>, tokens: Tokens) -> AnyView {
    if all.is_empty() {
        return view! { <Empty title="No tokens yet"><p>"Make one for each script, with the fewest scopes that it needs."</p></Empty> }
            .into_any();
    }
    let rows = all.into_iter().map(|token| row(token, tokens)).collect_view();
    view! {
        <div class="card"><div class="table-scroll"><table class="table">
            <caption class="visually-hidden">"API tokens"</caption>
            <thead><tr>
                <th scope="col">"Token"</th>
                <th scope="col">"Scopes"</th>
                <th scope="col">"Ends"</th>
                <th scope="col">"Last used"</th>
                <th scope="col"><span class="visually-hidden">"Actions"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div></div>
    }
    .into_any()
}

fn row(token: Token, tokens: Tokens) -> AnyView {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let ends = match token.expired {
        true => status_badge("bad", "Expired"),
        false => {
            let day = absolute(token.expires_at).get(..10).unwrap_or_default().to_owned();
            view! { <span class="nowrap">{day}</span> }.into_any()
        }
    };
    let used = match token.last_used_at {
        Some(at) => view! { <RelativeTime at=at /> }.into_any(),
        None => view! { <span class="muted">"never"</span> }.into_any(),
    };
    let label = format!("Revoke token {}", token.name);
    let revoke = {
        let id = token.id.clone();
        move |_| revoke(id.clone(), tokens)
    };
    view! {
        <tr>
            <th scope="row">{token.name}<div class="muted token-prefix"><code>{token.prefix}"…"</code>" of "{token.owner}</div></th>
            <td class="token-scopes">{scopes.join(", ")}</td>
            <td>{ends}</td>
            <td>{used}</td>
            <td><button type="button" class="button button-small button-danger" aria-label=label on:click=revoke>"Revoke"</button></td>
        </tr>
    }
    .into_any()
}

fn revoke(id: String, tokens: Tokens) {
    spawn_local(async move {
        match send::<_, Token>("DELETE", format!("/api/v1/tokens/{id}"), &()).await {
            Ok(token) => {
                toast("good", format!("Token {} is revoked.", token.name));
                tokens.refetch();
            }
            Err(problem) => toast_problem(&problem),
        }
    });
}
