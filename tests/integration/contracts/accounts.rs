//! The store of accounts on SQLite and on PostgreSQL.

use std::collections::BTreeSet;

use database::{Database, sqlite_url};
use domain::ErrorKind;
use domain::access::{Grant, Permission, Role};
use domain::environment::EnvironmentName;
use jiff::{SignedDuration, Timestamp};
use server::accounts::{
    AccountSettings, Accounts, Caller, Identity, LinkRefusal, LinkState, NewSession, Origin, Via,
    Visitor,
};

use crate::support::postgres::Postgres;

const HOST: &str = "github:github.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accounts_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
    run_all(&Database::open(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accounts_on_postgres() {
    let Some(postgres) = Postgres::start("accounts on postgres") else { return };
    run_all(&Database::open(&postgres.create_database("accounts")).await.unwrap()).await;
}

/// Each case has its own people, so that they can share a database.
async fn run_all(database: &Database) {
    let accounts = Accounts::new(database.clone(), AccountSettings::of_provider(HOST));
    d3_a_person_is_their_number_not_their_login(&accounts).await;
    d5_roles_and_sign_out_are_effective_at_once(&accounts).await;
    d5_who_is_refused_by_the_provider_loses_sessions_and_team_roles(&accounts).await;
    d6_each_sign_in_has_a_new_secret_and_ends_the_one_before(&accounts).await;
    sessions_end_by_age_and_by_idleness(&accounts).await;
    who_has_no_role_is_known_but_not_let_in(&accounts).await;
    a_token_does_what_its_scopes_and_its_owner_may(&accounts).await;
    tokens_outside_the_bounds_are_refused(&accounts).await;
    team_roles_lapse_so_that_tokens_of_the_gone_end(&accounts).await;
    the_last_admin_stays(&accounts).await;
    of_two_admins_who_remove_each_other_one_stays(database).await;
    d13_no_secret_is_stored(database, &accounts).await;
    let local = Accounts::new(database.clone(), AccountSettings::of_provider("local"));
    a_link_lets_one_in_and_once(&local).await;
    a_link_for_a_second_person_is_theirs_alone(&local).await;
    sessions_of_another_provider_are_void(&accounts, &local).await;
}

async fn d3_a_person_is_their_number_not_their_login(accounts: &Accounts) {
    let first = sign_in(accounts, "3001", "mona", &[everywhere(Role::Viewer)]).await;
    let renamed = sign_in(accounts, "3001", "lisa", &[everywhere(Role::Viewer)]).await;
    assert_eq!(renamed.caller.user.id, first.caller.user.id);
    assert_eq!(caller(accounts, &first).await.unwrap().login(), "lisa", "the login of today");
    let taken_over = sign_in(accounts, "3002", "mona", &[everywhere(Role::Viewer)]).await;
    assert_ne!(taken_over.caller.user.id, first.caller.user.id, "the login was given up");
}

async fn d5_roles_and_sign_out_are_effective_at_once(accounts: &Accounts) {
    let admin = sign_in(accounts, "5000", "admin", &[everywhere(Role::Admin)]).await.caller;
    let session = sign_in(accounts, "5001", "ed", &[in_dev(Role::Engineer)]).await;
    let may = async |permission| {
        caller(accounts, &session).await.unwrap().rights.allow(permission, Some(&dev()))
    };
    let id = &session.caller.user.id;
    assert!(may(Permission::OperateRuns).await);
    assert!(!may(Permission::ManageSettings).await);

    let grant = in_dev(Role::Admin);
    assert!(accounts.give(id, &grant, &admin, now()).await.unwrap());
    assert!(!accounts.give(id, &grant, &admin, now()).await.unwrap(), "given before");
    assert!(may(Permission::ManageSettings).await);
    accounts.take_away(id, &grant, now()).await.unwrap();
    assert!(!may(Permission::ManageSettings).await);

    let by_team = accounts.take_away(id, &in_dev(Role::Engineer), now()).await.unwrap_err();
    assert_eq!(by_team.kind(), ErrorKind::NotFound, "{by_team}");
    let nobody = accounts.give("nobody", &grant, &admin, now()).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound, "{nobody}");

    accounts.end_session(session.secret.reveal()).await.unwrap();
    assert_eq!(caller(accounts, &session).await, None);
    let one = sign_in(accounts, "5001", "ed", &[in_dev(Role::Engineer)]).await;
    let other = sign_in(accounts, "5001", "ed", &[in_dev(Role::Engineer)]).await;
    assert_eq!(accounts.end_sessions(id).await.unwrap(), 2);
    assert_eq!((caller(accounts, &one).await, caller(accounts, &other).await), (None, None));
}

async fn d5_who_is_refused_by_the_provider_loses_sessions_and_team_roles(accounts: &Accounts) {
    let admin = sign_in(accounts, "5100", "admin2", &[everywhere(Role::Admin)]).await.caller;
    let session = sign_in(accounts, "5101", "leaver", &[everywhere(Role::Engineer)]).await;
    let id = &session.caller.user.id;
    accounts.give(id, &in_dev(Role::Viewer), &admin, now()).await.unwrap();
    accounts.refused(&identity("5101", "leaver"), now()).await.unwrap();
    assert_eq!(caller(accounts, &session).await, None);
    let member = accounts.member(id, now()).await.unwrap();
    assert_eq!(member.grants.len(), 1);
    assert_eq!(member.grants[0].origin, Origin::Manual);
    accounts.refused(&identity("never seen", "x"), now()).await.unwrap();
}

async fn d6_each_sign_in_has_a_new_secret_and_ends_the_one_before(accounts: &Accounts) {
    let roles = [everywhere(Role::Viewer)];
    let first = sign_in(accounts, "6001", "sam", &roles).await;
    let old = first.secret.reveal();
    let again = accounts.sign_in(&identity("6001", "sam"), &roles, Some(old), now()).await;
    let again = again.unwrap().unwrap();
    assert_ne!(again.secret, first.secret);
    assert_eq!(caller(accounts, &first).await, None);
    assert!(caller(accounts, &again).await.is_some());
    for wrong in ["", "x", &again.secret.hash()] {
        assert_eq!(accounts.session(wrong, now()).await.unwrap(), None, "{wrong:?}");
    }
}

async fn sessions_end_by_age_and_by_idleness(accounts: &Accounts) {
    let session = sign_in(accounts, "7001", "ida", &[everywhere(Role::Viewer)]).await;
    let begin = now();
    let at = async |hours: i64| {
        let time = begin + SignedDuration::from_hours(hours) + SignedDuration::from_secs(5);
        accounts.session(session.secret.reveal(), time).await.unwrap().is_some()
    };
    assert!(at(3).await, "and this use counts");
    assert!(at(6).await);
    assert!(at(9).await);
    assert!(!at(14).await, "older than 12 hours");
    let idle = sign_in(accounts, "7001", "ida", &[everywhere(Role::Viewer)]).await;
    let later = now() + SignedDuration::from_hours(5);
    assert_eq!(accounts.session(idle.secret.reveal(), later).await.unwrap(), None);
    let tomorrow = begin + SignedDuration::from_hours(13);
    accounts
        .sign_in(&identity("7002", "eve"), &[everywhere(Role::Viewer)], None, tomorrow)
        .await
        .unwrap();
    let member = accounts.member(&session.caller.user.id, begin).await.unwrap();
    assert_eq!(member.sessions, []);
}

async fn who_has_no_role_is_known_but_not_let_in(accounts: &Accounts) {
    let admin = sign_in(accounts, "8000", "admin3", &[everywhere(Role::Admin)]).await.caller;
    let nobody = identity("8001", "newcomer");
    assert!(accounts.sign_in(&nobody, &[], None, now()).await.unwrap().is_none());
    let members = accounts.members(now()).await.unwrap();
    let member = members.iter().find(|member| member.user.login == "newcomer").unwrap();
    accounts.give(&member.user.id, &in_dev(Role::Viewer), &admin, now()).await.unwrap();
    assert!(accounts.sign_in(&nobody, &[], None, now()).await.unwrap().is_some());
}

async fn a_token_does_what_its_scopes_and_its_owner_may(accounts: &Accounts) {
    let owner = sign_in(accounts, "9001", "tom", &[in_dev(Role::Engineer)]).await.caller;
    let scopes = BTreeSet::from([Permission::OperateRuns, Permission::ManageSettings]);
    let expires = now() + SignedDuration::from_hours(24);
    let new = accounts.new_token(&owner, " nightly ", scopes, expires, now()).await.unwrap();
    assert_eq!(new.token.name, "nightly");
    assert!(new.secret.reveal().starts_with(&new.token.prefix) && new.token.prefix.len() < 16);

    let through = accounts.token(new.secret.reveal(), now()).await.unwrap().unwrap();
    assert_eq!(through.via, Via::Token(new.token.id.clone()));
    assert!(through.rights.allow(Permission::OperateRuns, Some(&dev())));
    assert!(!through.rights.allow(Permission::EditSources, Some(&dev())), "not in the scopes");
    assert!(!through.rights.allow(Permission::ManageSettings, Some(&dev())), "not the owner's");
    let minted = accounts.new_token(&through, "x", BTreeSet::new(), expires, now()).await;
    assert_eq!(minted.unwrap_err().kind(), ErrorKind::Denied);

    let listed = accounts.tokens(Some(&owner.user.id)).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].last_used_at.is_some());
    assert_eq!(accounts.token(new.secret.reveal(), expires).await.unwrap(), None, "expired");
    let other = accounts.revoke_token(&new.token.id, Some("somebody else")).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::NotFound);
    accounts.revoke_token(&new.token.id, Some(&owner.user.id)).await.unwrap();
    assert_eq!(accounts.token(new.secret.reveal(), now()).await.unwrap(), None, "revoked");
}

async fn tokens_outside_the_bounds_are_refused(accounts: &Accounts) {
    let owner = sign_in(accounts, "9101", "tim", &[in_dev(Role::Engineer)]).await.caller;
    let scopes = || BTreeSet::from([Permission::ViewLake]);
    let hours = |hours| now() + SignedDuration::from_hours(hours);
    for (name, scopes, expires, key) in [
        (" ", scopes(), hours(1), "name"),
        ("a\nb", scopes(), hours(1), "name"),
        ("a", BTreeSet::new(), hours(1), "scopes"),
        ("a", scopes(), hours(-1), "expires"),
        ("a", scopes(), hours(24 * 400), "expires"),
    ] {
        let error = accounts.new_token(&owner, name, scopes, expires, now()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.message().starts_with(key), "{error}");
    }
}

async fn team_roles_lapse_so_that_tokens_of_the_gone_end(accounts: &Accounts) {
    let owner = sign_in(accounts, "9201", "gone", &[everywhere(Role::Engineer)]).await.caller;
    let expires = now() + SignedDuration::from_hours(24 * 300);
    let scopes = BTreeSet::from([Permission::ViewLake]);
    let new = accounts.new_token(&owner, "old", scopes, expires, now()).await.unwrap();
    let in_days = async |days: i64| {
        let time = now() + SignedDuration::from_hours(24 * days);
        let caller = accounts.token(new.secret.reveal(), time).await.unwrap().unwrap();
        caller.rights.allow(Permission::ViewLake, Some(&dev()))
    };
    assert!(in_days(29).await);
    assert!(!in_days(31).await);
}

async fn the_last_admin_stays(accounts: &Accounts) {
    let provider = AccountSettings::of_provider("github:other.example");
    let accounts = Accounts::new(accounts.database().clone(), provider);
    let person = Identity { provider: "github:other.example".into(), ..identity("1", "root") };
    let admin = [everywhere(Role::Admin)];
    let session = accounts.sign_in(&person, &admin, None, now()).await.unwrap().unwrap().caller;
    accounts.give(&session.user.id, &admin[0], &session, now()).await.unwrap();
    accounts.sign_in(&person, &[], None, now()).await.unwrap().unwrap();
    let error = accounts.take_away(&session.user.id, &admin[0], now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let member = accounts.member(&session.user.id, now()).await.unwrap();
    assert_eq!(member.grants.len(), 1, "nothing was changed");
}

async fn of_two_admins_who_remove_each_other_one_stays(database: &Database) {
    let provider = "github:race.example";
    let accounts = Accounts::new(database.clone(), AccountSettings::of_provider(provider));
    let admin = everywhere(Role::Admin);
    let mut ids = Vec::new();
    for login in ["ada", "bob"] {
        let person = Identity { provider: provider.into(), ..identity(login, login) };
        let known = accounts.sign_in(&person, std::slice::from_ref(&admin), None, now()).await;
        let caller = known.unwrap().unwrap().caller;
        accounts.give(&caller.user.id, &admin, &caller, now()).await.unwrap();
        // Now by hand alone.
        accounts.sign_in(&person, &[], None, now()).await.unwrap().unwrap();
        ids.push((caller.user.id.clone(), caller));
    }
    for round in 0..25 {
        let [(ada, by), (bob, _)] = &ids[..] else { panic!("two people") };
        let (one, other) = tokio::join!(
            accounts.take_away(ada, &admin, now()),
            accounts.take_away(bob, &admin, now())
        );
        let refused = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert_eq!(refused.len(), 1, "round {round}: {refused:?}");
        assert_eq!(refused[0].kind(), ErrorKind::Conflict, "{refused:?}");
        for id in [ada, bob] {
            accounts.give(id, &admin, by, now()).await.unwrap();
        }
    }
}

async fn a_link_lets_one_in_and_once(accounts: &Accounts) {
    let path = accounts.new_sign_in_link(&Visitor::default(), now()).await.unwrap();
    let code = path.strip_prefix("/sign-in?code=").unwrap();
    assert_eq!(accounts.sign_in_link(code, now()).await.unwrap(), LinkState::Usable);
    let tries = (0..8).map(|_| accounts.use_sign_in_link(code, None, now()));
    let mut sessions = Vec::new();
    for outcome in futures::future::join_all(tries).await {
        match outcome.unwrap() {
            Ok(session) => sessions.push(session),
            Err(why) => assert_eq!(why, LinkRefusal::Used),
        }
    }
    assert_eq!(sessions.len(), 1, "one of eight got in");
    let caller = caller(accounts, &sessions[0]).await.unwrap();
    assert_eq!(caller.login(), "local");
    assert!(Permission::ALL.iter().all(|permission| caller.rights.allow(*permission, None)));

    let old = accounts
        .new_sign_in_link(&Visitor::default(), now() - SignedDuration::from_hours(2))
        .await
        .unwrap();
    for (code, why) in [
        (code, LinkRefusal::Used),
        (&old["/sign-in?code=".len()..], LinkRefusal::Expired),
        ("unknown", LinkRefusal::Unknown),
    ] {
        assert_eq!(accounts.sign_in_link(code, now()).await.unwrap(), LinkState::Refused(why));
        let used = accounts.use_sign_in_link(code, None, now()).await.unwrap();
        assert_eq!(used.err(), Some(why));
    }
}

async fn a_link_for_a_second_person_is_theirs_alone(accounts: &Accounts) {
    let anna = Visitor::new("anna", Role::Approver).unwrap();
    let mut numbers = BTreeSet::new();
    for whose in [&anna, &anna, &Visitor::new("ben", Role::Approver).unwrap()] {
        let path = accounts.new_sign_in_link(whose, now()).await.unwrap();
        let code = path.strip_prefix("/sign-in?code=").unwrap();
        let session = accounts.use_sign_in_link(code, None, now()).await.unwrap().unwrap();
        let caller = caller(accounts, &session).await.unwrap();
        assert_eq!(caller.login(), whose.login);
        assert!(caller.rights.allow(Permission::DecidePlans, None));
        assert!(!caller.rights.allow(Permission::OperatePipelines, None));
        numbers.insert(caller.person().id);
    }
    assert_eq!(numbers.len(), 2, "anna is one person however often she signs in");
    for bad in ["", "local", "Anna", "-a", "a b"] {
        assert!(Visitor::new(bad, Role::Viewer).is_err(), "{bad:?} was accepted");
    }
}

async fn sessions_of_another_provider_are_void(github: &Accounts, local: &Accounts) {
    let session = sign_in(github, "9901", "gil", &[everywhere(Role::Admin)]).await;
    assert!(caller(github, &session).await.is_some());
    assert_eq!(caller(local, &session).await, None);
    let members = local.members(now()).await.unwrap();
    assert!(members.iter().all(|member| member.user.login != "gil"), "{members:?}");
}

async fn d13_no_secret_is_stored(database: &Database, accounts: &Accounts) {
    let session = sign_in(accounts, "1301", "sue", &[everywhere(Role::Viewer)]).await;
    let expires = now() + SignedDuration::from_hours(1);
    let scopes = BTreeSet::from([Permission::ViewLake]);
    let token = accounts.new_token(&session.caller, "t", scopes, expires, now()).await.unwrap();
    let link = accounts.new_sign_in_link(&Visitor::default(), now()).await.unwrap();
    let secrets = [session.secret.reveal(), token.secret.reveal(), &link["/sign-in?code=".len()..]];
    for (select, column) in [
        ("SELECT secret_hash FROM sessions", "secret_hash"),
        ("SELECT secret_hash FROM api_tokens", "secret_hash"),
        ("SELECT prefix FROM api_tokens", "prefix"),
        ("SELECT code_hash FROM sign_in_links", "code_hash"),
    ] {
        let rows = sqlx::query(select).fetch_all(database.reader().unwrap()).await.unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let stored = database::columns::text(&row, column).unwrap();
            assert!(!secrets.contains(&stored.as_str()), "{column}");
        }
    }
}

async fn sign_in(accounts: &Accounts, number: &str, login: &str, roles: &[Grant]) -> NewSession {
    let outcome = accounts.sign_in(&identity(number, login), roles, None, now()).await;
    outcome.unwrap().unwrap()
}

async fn caller(accounts: &Accounts, session: &NewSession) -> Option<Caller> {
    accounts.session(session.secret.reveal(), now()).await.unwrap()
}

fn identity(number: &str, login: &str) -> Identity {
    let subject = number.to_owned();
    Identity { provider: HOST.into(), subject, login: login.to_owned(), name: None }
}

fn everywhere(role: Role) -> Grant {
    Grant::everywhere(role)
}

fn in_dev(role: Role) -> Grant {
    Grant { role, environment: Some(dev()) }
}

fn dev() -> EnvironmentName {
    "dev".parse().unwrap()
}

fn now() -> Timestamp {
    Timestamp::now()
}
