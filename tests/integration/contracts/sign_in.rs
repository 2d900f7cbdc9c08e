//! The sign-in by GitHub against a stand-in for it, on SQLite and on PostgreSQL.

use database::{Database, sqlite_url};
use domain::access::Permission;
use jiff::{SignedDuration, Timestamp};
use server::accounts::{Accounts, Caller, NewSession};
use server::sign_in::{Begun, Callback, Outcome, Refusal, SignIn};
use url::Url;

use crate::support::github::{ACCESS_TOKEN, GitHub};
use crate::support::postgres::Postgres;

struct Console {
    github: GitHub,
    accounts: Accounts,
    sign_in: SignIn,
    database: Database,
}

#[tokio::test]
async fn sign_in_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
    run_all(Database::open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn sign_in_on_postgres() {
    let Some(postgres) = Postgres::start("sign-in on postgres") else { return };
    run_all(Database::open(&postgres.create_database("sign_in")).await.unwrap()).await;
}

/// Each case has a GitHub of its own.
async fn run_all(database: Database) {
    d1_a_sign_in_is_bound_to_its_browser_and_used_once(&Console::new(&database).await).await;
    d1_a_code_without_its_verifier_is_worth_nothing(&Console::new(&database).await).await;
    d1_a_sign_in_that_took_too_long_is_over(&Console::new(&database).await).await;
    d2_what_is_next_is_a_page_of_ours(&Console::new(&database).await).await;
    d3_a_new_owner_of_a_login_is_somebody_else(&Console::new(&database).await).await;
    d4_all_pages_of_teams_count_and_other_organisations_do_not(&Console::new(&database).await)
        .await;
    d4_only_an_active_membership_counts(&Console::new(&database).await).await;
    d4_an_error_of_github_is_not_membership(&Console::new(&database).await).await;
    d5_teams_left_are_roles_lost(&Console::new(&database).await).await;
    d13_the_token_of_github_is_not_kept(&Console::new(&database).await).await;
    who_says_no_at_github_is_not_let_in(&Console::new(&database).await).await;
    a_stranger_who_begins_many_sign_ins_keeps_nobody_out(&Console::new(&database).await).await;
}

async fn a_stranger_who_begins_many_sign_ins_keeps_nobody_out(test: &Console) {
    const FLOOD: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 12000) INSERT INTO sign_in_attempts (state_hash, browser_hash, verifier, \
         next_path, expires_at) SELECT CAST(i AS TEXT), '', '', '/', $1 + i FROM n";
    let soon = Timestamp::now() + SignedDuration::from_mins(5);
    let mut transaction = test.database.begin().await.unwrap();
    let flood = sqlx::query(FLOOD).bind(soon.as_microsecond());
    flood.execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(test.whole().await.is_ok());
    test.begin(None).await;
    let reader = test.database.reader().unwrap();
    let kept = sqlx::query("SELECT COUNT(*) AS kept FROM sign_in_attempts").fetch_one(reader).await;
    let kept = database::columns::integer(&kept.unwrap(), "kept").unwrap();
    assert!((9_000..=10_000).contains(&kept), "the table is bounded: {kept}");
}

async fn d1_a_sign_in_is_bound_to_its_browser_and_used_once(test: &Console) {
    let victim = test.begin(None).await;
    let attacker = test.begin(None).await;
    let stolen = test.at_github(&attacker).await;
    // The attacker's answer in the victim's browser would sign the victim in as the attacker.
    assert_eq!(test.refusal(&stolen, Some(&victim)).await, Refusal::NotBegunHere);
    assert_eq!(test.refusal(&stolen, None).await, Refusal::NotBegunHere);
    let guessed = Callback { state: Some("x".into()), ..stolen.clone() };
    assert_eq!(test.refusal(&guessed, Some(&attacker)).await, Refusal::NotBegunHere);
    assert!(test.complete(&stolen, Some(&attacker)).await.is_ok());
    assert_eq!(test.refusal(&stolen, Some(&attacker)).await, Refusal::NotBegunHere, "used");
}

async fn d1_a_code_without_its_verifier_is_worth_nothing(test: &Console) {
    let theirs = test.at_github(&test.begin(None).await).await;
    let mine = test.begin(None).await;
    let injected = Callback { code: theirs.code, ..test.at_github(&mine).await };
    assert_eq!(test.refusal(&injected, Some(&mine)).await, Refusal::CodeRefused);
}

async fn d1_a_sign_in_that_took_too_long_is_over(test: &Console) {
    let begun = test.begin(None).await;
    let answer = test.at_github(&begun).await;
    let later = Timestamp::now() + SignedDuration::from_mins(11);
    let browser = Some(begun.browser.reveal());
    let outcome = test.sign_in.complete(&answer, browser, None, later).await.unwrap();
    assert!(matches!(outcome, Outcome::Refused(Refusal::NotBegunHere)), "{outcome:?}");
}

async fn d2_what_is_next_is_a_page_of_ours(test: &Console) {
    for (asked, gone_to) in [("/dev/runs?page=2", "/dev/runs?page=2"), ("//evil.example", "/")] {
        let begun = test.begin(Some(asked)).await;
        let answer = test.at_github(&begun).await;
        let (_, next) = test.complete(&answer, Some(&begun)).await.unwrap();
        assert_eq!(next, gone_to);
    }
}

async fn d3_a_new_owner_of_a_login_is_somebody_else(test: &Console) {
    let first = test.whole().await.unwrap().user;
    test.github.world().login = "renamed".into();
    let renamed = test.whole().await.unwrap().user;
    assert_eq!((renamed.id.as_str(), renamed.login.as_str()), (first.id.as_str(), "renamed"));
    test.github.world().id = 99;
    assert_ne!(test.whole().await.unwrap().user.id, first.id);
}

async fn d4_all_pages_of_teams_count_and_other_organisations_do_not(test: &Console) {
    let many = (0..7).map(|_| ("acme", "crowd"));
    {
        let mut world = test.github.world();
        world.teams = many.chain([("evil", "platform"), ("acme", "data")]).collect();
        world.page_size = 2;
    }
    let caller = test.whole().await.unwrap();
    assert!(caller.rights.allow(Permission::OperateRuns, Some(&"dev".parse().unwrap())));
    assert!(!caller.rights.allow(Permission::OperateRuns, Some(&"prod".parse().unwrap())));
    assert!(!caller.rights.allow(Permission::ManageSettings, None), "another's team `platform`");
    assert_eq!(test.github.world().asked.iter().filter(|path| *path == "teams").count(), 5);

    test.github.world().next_host = Some("http://127.0.0.1:9".into());
    assert_eq!(test.whole().await.unwrap_err(), Refusal::GitHubUnclear, "the token stays here");
}

async fn d4_only_an_active_membership_counts(test: &Console) {
    for (membership, refusal) in [
        (None, Refusal::NotMember),
        (Some("pending"), Refusal::InvitationPending),
        (Some("suspended"), Refusal::NotMember),
    ] {
        test.github.world().membership = membership;
        assert_eq!(test.whole().await.unwrap_err(), refusal);
    }
    test.github.world().membership = Some("active");
    test.github.world().teams = vec![("acme", "strangers")];
    assert_eq!(test.whole().await.unwrap_err(), Refusal::NoRole);
}

async fn d4_an_error_of_github_is_not_membership(test: &Console) {
    for path in ["access_token", "user", "membership", "teams"] {
        for status in [200, 401, 403, 429, 500, 502] {
            test.github.world().failing = [(path, status)].into();
            let refusal = test.whole().await.unwrap_err();
            let expected = [Refusal::GitHubUnclear, Refusal::CodeRefused];
            assert!(expected.contains(&refusal), "{path} {status}: {refusal:?}");
        }
    }
    // Not found says that somebody is no member; of anything else it says nothing.
    for path in ["user", "teams"] {
        test.github.world().failing = [(path, 404)].into();
        assert_eq!(test.whole().await.unwrap_err(), Refusal::GitHubUnclear);
    }
    test.github.world().failing.clear();
    assert!(test.whole().await.is_ok());
}

async fn d5_teams_left_are_roles_lost(test: &Console) {
    test.github.world().teams = vec![("acme", "data"), ("acme", "platform")];
    let session = test.session().await;
    let rights = async || {
        let caller = test.accounts.session(session.secret.reveal(), Timestamp::now()).await;
        caller.unwrap().map(|caller| caller.rights.allow(Permission::ManageSettings, None))
    };
    assert_eq!(rights().await, Some(true));
    let teams = async || {
        let members = test.accounts.members(Timestamp::now()).await.unwrap();
        let teams = members.into_iter().flat_map(|member| member.teams);
        teams.collect::<Vec<_>>()
    };
    assert_eq!(teams().await, ["acme/data", "acme/platform"]);
    test.github.world().teams = vec![("acme", "data")];
    test.whole().await.unwrap();
    assert_eq!(teams().await, ["acme/data"]);
    assert_eq!(rights().await, Some(false), "the older session too");
    test.github.world().membership = None;
    test.whole().await.unwrap_err();
    assert_eq!(rights().await, None, "and ends with the membership");
    assert_eq!(teams().await, [""; 0]);
}

async fn d13_the_token_of_github_is_not_kept(test: &Console) {
    test.whole().await.unwrap();
    let reader = test.database.reader().unwrap();
    for select in [
        "SELECT COUNT(*) AS n FROM sign_in_attempts WHERE verifier LIKE $1",
        "SELECT COUNT(*) AS n FROM sessions WHERE secret_hash LIKE $1",
        "SELECT COUNT(*) AS n FROM users WHERE login LIKE $1 OR full_name LIKE $1",
        "SELECT COUNT(*) AS n FROM api_tokens WHERE secret_hash LIKE $1",
    ] {
        let query = sqlx::query(select).bind(format!("%{ACCESS_TOKEN}%"));
        let row = query.fetch_one(reader).await.unwrap();
        assert_eq!(database::columns::integer(&row, "n").unwrap(), 0, "{select}");
    }
}

async fn who_says_no_at_github_is_not_let_in(test: &Console) {
    let begun = test.begin(None).await;
    let answer = Callback { code: None, ..test.at_github(&begun).await };
    assert_eq!(test.refusal(&answer, Some(&begun)).await, Refusal::Cancelled);
    assert_eq!(test.github.world().asked, [""; 0]);
}

impl Console {
    async fn new(database: &Database) -> Self {
        let github = GitHub::start().await;
        let config = github.config();
        let accounts = Accounts::new(database.clone(), config.account_settings());
        let public_url = Url::parse("http://localhost:8340").unwrap();
        let sign_in = SignIn::new(config, &public_url, accounts.clone()).unwrap();
        Self { github, accounts, sign_in, database: database.clone() }
    }

    async fn begin(&self, next: Option<&str>) -> Begun {
        self.sign_in.begin(next, Timestamp::now()).await.unwrap()
    }

    /// What a browser brings back from GitHub.
    async fn at_github(&self, begun: &Begun) -> Callback {
        let client = etl_embedded::outbound::client(std::time::Duration::from_secs(5)).unwrap();
        let response = client.get(begun.location.clone()).send().await.unwrap();
        let back = response.headers()["location"].to_str().unwrap();
        let back = Url::parse(back).unwrap();
        assert_eq!(back.path(), "/sign-in/github/callback");
        let value = |name| back.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        Callback { state: Some(value("state")), code: Some(value("code")) }
    }

    async fn complete(
        &self,
        answer: &Callback,
        begun: Option<&Begun>,
    ) -> Result<(NewSession, String), Refusal> {
        let browser = begun.map(|begun| begun.browser.reveal());
        match self.sign_in.complete(answer, browser, None, Timestamp::now()).await.unwrap() {
            Outcome::SignedIn { session, next } => Ok((*session, next)),
            Outcome::Refused(refusal) => Err(refusal),
        }
    }

    async fn refusal(&self, answer: &Callback, begun: Option<&Begun>) -> Refusal {
        self.complete(answer, begun).await.map(|(session, _)| session.caller).unwrap_err()
    }

    /// From beginning to end.
    async fn whole(&self) -> Result<Caller, Refusal> {
        let begun = self.begin(None).await;
        let answer = self.at_github(&begun).await;
        self.complete(&answer, Some(&begun)).await.map(|(session, _)| session.caller)
    }

    async fn session(&self) -> NewSession {
        let begun = self.begin(None).await;
        let answer = self.at_github(&begun).await;
        self.complete(&answer, Some(&begun)).await.unwrap().0
    }
}
