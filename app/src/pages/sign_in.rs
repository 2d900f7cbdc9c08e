//! Where readers come who have no session. Works without JavaScript: links and forms only.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::get;
use crate::api::sign_in::SignInWay;
use crate::components::{PageHeader, loaded};

/// The page: why the last try failed, if it did, and how to sign in.
pub(crate) fn sign_in() -> impl IntoView {
    let way = Resource::new(|| "/api/v1/sign-in".to_owned(), get::<SignInWay>);
    let problem = use_query_map().with_untracked(|query| query.get("problem"));
    let notice = problem.as_deref().and_then(explained).map(|(what, then)| {
        view! { <div class="failure" role="alert"><p class="failure-title">{what}</p><p>{then}</p></div> }
    });
    view! {
        <div class="sign-in">
            <PageHeader title="Sign in to Sluice" lead="The control room of your data lake." />
            {notice}
            {loaded(way, 3, ways)}
        </div>
    }
}

fn ways(way: SignInWay) -> AnyView {
    let query = use_query_map();
    match way {
        SignInWay::Github { organisation } => {
            let next = query.with_untracked(|query| query.get("next"));
            by_github(organisation, next)
        }
        SignInWay::Link { minutes } => match query.with_untracked(|query| query.get("code")) {
            Some(code) => with_link(code),
            None => without_link(minutes),
        },
    }
}

fn by_github(organisation: String, next: Option<String>) -> AnyView {
    let mut address = "/sign-in/github".to_owned();
    if let Some(next) = next {
        let mut query = leptos_router::params::ParamsMap::new();
        query.insert("next", next);
        address.push_str(&query.to_query_string());
    }
    view! {
        <a class="button button-primary sign-in-button" href=address rel="external">"Sign in with GitHub"</a>
        <p class="muted">
            "For active members of "<strong>{organisation}</strong>". GitHub is asked who you are and which \
             teams you are in, and nothing else; its token is not kept."
        </p>
    }
    .into_any()
}

/// The link is used by the button, not by opening the page: previews of links must not use it up.
fn with_link(code: String) -> AnyView {
    view! {
        <form method="post" action="/sign-in/link">
            <input type="hidden" name="code" value=code />
            <button type="submit" class="button button-primary sign-in-button">"Sign in on this browser"</button>
        </form>
        <p class="muted">"The link works once. You will be "<strong>"local"</strong>", who may do everything in this lake."</p>
    }
    .into_any()
}

fn without_link(minutes: u32) -> AnyView {
    view! {
        <div class="card"><div class="card-body stack">
            <p>"This lake has no accounts. Whoever can start it on its machine can sign in, by a link that works once, for "{minutes}" minutes."</p>
            <p>"Sluice printed one when it started. For another, run this where it runs, and open what it prints:"</p>
            <pre class="sign-in-command"><code>"sluice sign-in-link"</code></pre>
        </div></div>
    }
    .into_any()
}

/// What went wrong, and what to do.
fn explained(problem: &str) -> Option<(&'static str, &'static str)> {
    const ANOTHER_LINK: &str =
        "Run `sluice sign-in-link` where Sluice runs, and open the link that it prints.";
    Some(match problem {
        "not-begun-here" => (
            "This sign-in was not begun in this browser, or more than ten minutes ago.",
            "Sign in again from this page. If it happens again, allow cookies for this address.",
        ),
        "cancelled" => ("You did not agree on GitHub's page.", "Sign in again when you want to."),
        "code-refused" => (
            "GitHub did not accept this sign-in.",
            "Sign in again. If it stays, the app's client secret may be wrong: tell an operator.",
        ),
        "not-member" => (
            "You are not a member of the organisation that this lake belongs to.",
            "Ask an owner of the organisation to invite you, or sign in with another GitHub account.",
        ),
        "invitation-pending" => (
            "Your invitation to the organisation is still open.",
            "Accept it on GitHub, then sign in again.",
        ),
        "no-role" => (
            "You belong to the organisation, but none of your teams has a role in this lake.",
            "Ask an admin of the lake for one: they find you under Settings, Members.",
        ),
        "github-unclear" => (
            "GitHub gave no clear answer, so nobody was let in.",
            "Try again in some minutes. An owner of the organisation may have to allow this app.",
        ),
        "link-used" => ("This link was used already.", ANOTHER_LINK),
        "link-expired" => ("This link is too old.", ANOTHER_LINK),
        "link-unknown" => ("This link is not known here.", ANOTHER_LINK),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_an_address_is_never_shown_as_it_is() {
        assert!(explained("link-used").is_some());
        assert_eq!(explained("<b>Call 555-1234</b>"), None);
    }
}
