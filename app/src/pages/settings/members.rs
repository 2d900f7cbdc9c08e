//! Members: who they are, what roles they have and why, and where they are signed in.

use domain::access::{Grant, Role};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::member_roles::{place, role_list};
use super::tabs;
use crate::api::members::{EndedSessions, Member};
use crate::api::{Page, Problem, get, send};
use crate::components::{
    Dialog, Empty, PageHeader, RelativeTime, close_dialog, loaded, open_dialog, toast,
    toast_problem,
};
use crate::place::use_me;

type Members = Resource<Result<Page<Member>, Problem>>;

const GIVE_DIALOG: &str = "give-role";

/// The page.
pub(crate) fn members() -> impl IntoView {
    let members: Members = Resource::new(|| "/api/v1/members".to_owned(), get::<Page<Member>>);
    let chosen = RwSignal::new(None::<Member>);
    view! {
        <PageHeader title="Settings" lead="Who works in this lake, and what they may do where. A change is effective with their next request." />
        {tabs("/settings/members")}
        {loaded(members, 5, move |page| table(page.items, members, chosen))}
        {give_dialog(members, chosen)}
    }
}

fn table(people: Vec<Member>, members: Members, chosen: RwSignal<Option<Member>>) -> AnyView {
    if people.is_empty() {
        return view! {
            <Empty title="Nobody has signed in yet"><p>"Who signs in appears here, with the roles that their teams give."</p></Empty>
        }
        .into_any();
    }
    let rows = people.into_iter().map(|member| row(member, members, chosen)).collect_view();
    view! {
        <div class="card"><div class="table-scroll"><table class="table members">
            <caption class="visually-hidden">"Members"</caption>
            <thead><tr>
                <th scope="col">"Member"</th>
                <th scope="col">"Roles"</th>
                <th scope="col">"Signed in"</th>
                <th scope="col">"Sessions"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div></div>
    }
    .into_any()
}

fn row(member: Member, members: Members, chosen: RwSignal<Option<Member>>) -> AnyView {
    let give = {
        let member = member.clone();
        move |_| {
            chosen.set(Some(member.clone()));
            open_dialog(GIVE_DIALOG);
        }
    };
    let take = {
        let id = member.id.clone();
        move |grant: Grant| take_away(id.clone(), grant, members)
    };
    let label = format!("Give {} a role", member.login);
    view! {
        <tr>
            <th scope="row">
                {member.login.clone()}
                {member.name.clone().map(|name| view! { <div class="muted member-name">{name}</div> })}
            </th>
            <td>
                {role_list(&member.roles, take)}
                <button type="button" class="button button-small button-quiet" aria-label=label on:click=give>"Give a role"</button>
            </td>
            <td>{signed_in(&member)}</td>
            <td>{sessions(&member, members)}</td>
        </tr>
    }
    .into_any()
}

fn signed_in(member: &Member) -> AnyView {
    match member.signed_in_at {
        Some(at) => view! { <RelativeTime at=at /> }.into_any(),
        None => view! { <span class="muted">"never"</span> }.into_any(),
    }
}

fn sessions(member: &Member, members: Members) -> AnyView {
    let Some(newest) = member.sessions.first() else {
        return view! { <span class="muted">"none"</span> }.into_any();
    };
    let (count, seen_at, id) = (member.sessions.len(), newest.seen_at, member.id.clone());
    let label = format!("End all sessions of {}", member.login);
    let end = move |_| {
        let id = id.clone();
        spawn_local(async move {
            let path = format!("/api/v1/members/{id}/sessions");
            match send::<_, EndedSessions>("DELETE", path, &()).await {
                Ok(ended) => {
                    toast("good", format!("{} sessions were ended.", ended.ended));
                    members.refetch();
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    };
    view! {
        <span class="nowrap">{count}", seen "<RelativeTime at=seen_at /></span>" "
        <button type="button" class="button button-small button-quiet" aria-label=label on:click=end>"End"</button>
    }
    .into_any()
}

fn take_away(id: String, grant: Grant, members: Members) {
    spawn_local(async move {
        let place = grant.environment.as_ref().map(|name| format!("?environment={name}"));
        let role = grant.role;
        let path = format!("/api/v1/members/{id}/grants/{role}{}", place.unwrap_or_default());
        match send::<_, Member>("DELETE", path, &()).await {
            Ok(member) => {
                toast("good", format!("{} is no {role} any more.", member.login));
                members.refetch();
            }
            Err(problem) => toast_problem(&problem),
        }
    });
}

/// What the roles are for, in the words of a chooser.
const ROLES: [(Role, &str); 4] = [
    (Role::Viewer, "Viewer: sees sources and runs, no rejected raw text"),
    (Role::Engineer, "Engineer: registers sources, uploads, retries, replays"),
    (Role::Approver, "Approver: decides on plans, reads the audit log"),
    (Role::Admin, "Admin: everything, members and settings included"),
];

fn give_dialog(members: Members, chosen: RwSignal<Option<Member>>) -> AnyView {
    let (role, environment) = (RwSignal::new("viewer".to_owned()), RwSignal::new(String::new()));
    let environments = use_me().environments;
    let title = Signal::derive(move || {
        let login = chosen.with(|member| member.as_ref().map(|member| member.login.clone()));
        format!("Give {} a role", login.unwrap_or_default())
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(member) = chosen.get_untracked() else { return };
        let Ok(role) = role.get_untracked().parse() else { return };
        let grant = Grant { role, environment: environment.get_untracked().parse().ok() };
        spawn_local(async move {
            let path = format!("/api/v1/members/{}/grants", member.id);
            match send::<_, Member>("POST", path, &grant).await {
                Ok(member) => {
                    close_dialog(GIVE_DIALOG);
                    let text =
                        format!("{} is {} in {} now.", member.login, grant.role, place(&grant));
                    toast("good", text);
                    members.refetch();
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    };
    let roles = ROLES.map(|(role, text)| view! { <option value=role.as_str()>{text}</option> });
    let places = environments.into_iter().map(|name| {
        let (value, text) = (name.to_string(), name.to_string());
        view! { <option value=value>{text}</option> }
    });
    view! {
        <Dialog id=GIVE_DIALOG title=title>
            <form class="stack" on:submit=submit>
                <div class="field">
                    <label for="give-role-role">"Role"</label>
                    <select id="give-role-role" on:change=move |event| role.set(event_target_value(&event))>{roles}</select>
                </div>
                <div class="field">
                    <label for="give-role-environment">"Environment"</label>
                    <select id="give-role-environment" on:change=move |event| environment.set(event_target_value(&event))>
                        <option value="">"Every environment, and the lake as a whole"</option>
                        {places.collect_view()}
                    </select>
                    <p class="hint">"Roles that teams give are set in the configuration, under sign_in.github.team_roles."</p>
                </div>
                <div class="actions">
                    <button type="button" class="button" on:click=move |_| close_dialog(GIVE_DIALOG)>"Cancel"</button>
                    <button type="submit" class="button button-primary">"Give role"</button>
                </div>
            </form>
        </Dialog>
    }
    .into_any()
}
