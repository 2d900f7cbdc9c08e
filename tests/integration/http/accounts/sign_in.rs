//! Ways in and out of the console.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use url::Url;

use crate::http::browser::{Answer, Browser, Served};
use crate::support::github::{ACCESS_TOKEN, CLIENT_SECRET, GitHub};

const SESSION: &str = "sluice_session";

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_session_signs_in_with_github_and_comes_back() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "http://localhost:8340").await;
    let mut browser = served.browser();
    let asked = browser.get("/dev/runs?status=FAILED").await;
    let to_sign_in = asked.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(to_sign_in, "/sign-in?next=%2Fdev%2Fruns%3Fstatus%3DFAILED");
    let page = browser.get(&to_sign_in).await;
    assert_eq!(page.status, StatusCode::OK);
    let button =
        page.text.split("href=\"/sign-in/github").nth(1).unwrap_or_else(|| panic!("{page:?}"));
    let query = button.split('"').next().unwrap().replace("&amp;", "&");
    let back = with_github(&mut browser, &format!("/sign-in/github{query}")).await;
    assert_eq!(back.location(), "/dev/runs?status=FAILED");
    let me = browser.get("/api/v1/me").await;
    assert_eq!((me.status, &me.json["login"]), (StatusCode::OK, &"octocat".into()));
    assert_eq!(me.json["environments"], serde_json::json!(["dev"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_an_answer_of_github_in_another_browser_is_refused() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "http://localhost:8340").await;
    let (mut attacker, mut victim) = (served.browser(), served.browser());
    let back = at_github(&mut attacker, "/sign-in/github").await;
    let answer = victim.get(&back).await;
    assert_eq!(answer.location(), "/sign-in?problem=not-begun-here");
    assert_eq!(answer.cookie(SESSION), None);
    let page = victim.get(answer.location()).await;
    assert!(page.text.contains("This sign-in was not begun in this browser"), "{}", page.text);
    assert_eq!(attacker.get(&back).await.location(), "/", "the attacker signs in themselves");
    assert_eq!(attacker.get(&back).await.location(), "/sign-in?problem=not-begun-here", "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_sign_in_leads_to_a_page_of_the_console_alone() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "http://localhost:8340").await;
    for (next, to) in [
        ("/dev/sources", "/dev/sources"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/%5Cevil.example/", "/"),
        ("/dev%0D%0ASet-Cookie:a=b", "/"),
    ] {
        let mut browser = served.browser();
        let back = with_github(&mut browser, &format!("/sign-in/github?next={next}")).await;
        assert_eq!(back.location(), to, "{next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_who_is_no_member_is_told_so_and_gets_no_session() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "http://localhost:8340").await;
    let mut browser = served.browser();
    for (membership, failing, problem, text) in [
        (None, None, "not-member", "You are not a member"),
        (Some("pending"), None, "invitation-pending", "Your invitation"),
        (Some("active"), Some(("teams", 502)), "github-unclear", "GitHub gave no clear answer"),
    ] {
        github.world().membership = membership;
        github.world().failing = failing.into_iter().collect();
        let back = with_github(&mut browser, "/sign-in/github").await;
        assert_eq!(back.location(), format!("/sign-in?problem={problem}"));
        assert_eq!(back.cookie(SESSION), None);
        let page = browser.get(back.location()).await;
        assert!(page.text.contains(text), "{}", page.text);
        assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_signing_in_again_makes_a_new_session_and_ends_the_old() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "http://localhost:8340").await;
    let mut browser = served.browser();
    browser.cookies.insert(SESSION.into(), "chosen-by-an-attacker".into());
    with_github(&mut browser, "/sign-in/github").await;
    let mut before = browser.clone();
    assert_ne!(before.cookies[SESSION], "chosen-by-an-attacker");
    with_github(&mut browser, "/sign-in/github").await;
    assert_ne!(before.cookies[SESSION], browser.cookies[SESSION]);
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::OK);
    assert_eq!(before.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_over_https_the_cookie_is_bound_to_the_host() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "https://lake.example").await;
    let mut browser = served.browser();
    let back = with_github(&mut browser, "/sign-in/github").await;
    let cookie = back.cookie("__Host-sluice").unwrap_or_else(|| panic!("{back:?}"));
    let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=43200"]);
    let me = browser.get("/api/v1/me").await;
    assert_eq!(me.status, StatusCode::OK);
    assert_eq!(me.headers["strict-transport-security"], "max-age=31536000");
    let plain = Served::by_link().await;
    let there = plain.browser().get("/healthz").await;
    assert_eq!(
        there.headers.get("strict-transport-security"),
        None,
        "nobody is locked out of http"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_signing_out_ends_the_session_at_once() {
    let served = Served::by_link().await;
    let mut browser = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    let mut thief = browser.clone();
    let out = browser.submit("/sign-out", "").await;
    assert_eq!(out.location(), "/sign-in");
    assert_eq!(browser.cookies.get(SESSION), None);
    assert_eq!(thief.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);

    let mut one = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    let mut other = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    let ended = one.change(Method::DELETE, "/api/v1/me/sessions", serde_json::Value::Null).await;
    assert_eq!(ended.json["ended"], 2, "{ended:?}");
    assert_eq!(other.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);

    let mut one = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    let mut other = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    assert_eq!(one.submit("/sign-out?everywhere=true", "").await.location(), "/sign-in");
    assert_eq!(other.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_another_site_can_neither_sign_out_nor_in() {
    let served = Served::by_link().await;
    let mut browser = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    let foreign = [("origin", "https://evil.example")];
    let out = browser.send(Method::POST, "/sign-out", &foreign, Body::empty()).await;
    assert_eq!(out.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::OK);
    assert_ne!(browser.get("/sign-out").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::OK, "GET changes nothing");

    let code = code(&served).await;
    let form = [foreign[0], ("content-type", "application/x-www-form-urlencoded")];
    let body = Body::from(format!("code={code}"));
    let forced = served.browser().send(Method::POST, "/sign-in/link", &form, body).await;
    assert_eq!(forced.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_by_its_button_and_once() {
    let served = Served::by_link().await;
    let code = code(&served).await;
    let mut browser = served.browser();
    for _ in 0..2 {
        let page = browser.get(&format!("/sign-in?code={code}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("action=\"/sign-in/link\""), "{}", page.text);
        assert!(page.text.contains(&format!("value=\"{code}\"")), "d8: opening uses nothing up");
    }
    let signed_in = browser.submit("/sign-in/link", &format!("code={code}")).await;
    assert_eq!(signed_in.location(), "/");
    let cookie = signed_in.cookie(SESSION).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(browser.get("/api/v1/me").await.json["login"], "local");

    let again = served.browser().submit("/sign-in/link", &format!("code={code}")).await;
    assert_eq!(again.location(), "/sign-in?problem=link-used");
    let page = served.browser().get(again.location()).await;
    assert!(page.text.contains("sluice sign-in-link"), "{}", page.text);
    let unknown = served.browser().submit("/sign-in/link", "code=nothing").await;
    assert_eq!(unknown.location(), "/sign-in?problem=link-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_by_a_link_where_github_is_the_way() {
    let github = GitHub::start().await;
    let served = Served::new(github.config(), "http://localhost:8340").await;
    let code = code(&served).await;
    let mut browser = served.browser();
    let answer = browser.submit("/sign-in/link", &format!("code={code}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_no_secret_reaches_the_browser_or_the_audit_log() {
    let github = GitHub::start().await;
    github.world().teams = vec![("acme", "platform")];
    let served = Served::new(github.config(), "http://localhost:8340").await;
    let mut browser = served.browser();
    with_github(&mut browser, "/sign-in/github").await;
    let session = browser.cookies[SESSION].clone();
    for path in ["/dev", "/settings/members", "/api/v1/audit", "/api/v1/members", "/api/v1/me"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        for secret in [ACCESS_TOKEN, CLIENT_SECRET, &session] {
            assert!(!answer.text.contains(secret), "{path} tells {secret}");
        }
    }
    let log = browser.get("/api/v1/audit").await;
    assert_eq!(log.json["items"][0]["action"], "session.start_by_github");
}

/// A one-time link's code.
async fn code(served: &Served) -> String {
    let path = served
        .console
        .accounts
        .new_sign_in_link(&server::accounts::Visitor::default(), jiff::Timestamp::now())
        .await
        .unwrap();
    path.split_once("code=").unwrap().1.to_owned()
}

/// Goes to GitHub and back.
async fn with_github(browser: &mut Browser, path: &str) -> Answer {
    let back = at_github(browser, path).await;
    browser.get(&back).await
}

/// Goes to GitHub; the path to which it sends the browser back.
async fn at_github(browser: &mut Browser, path: &str) -> String {
    let to_github = browser.get(path).await;
    let client = etl_embedded::outbound::client(std::time::Duration::from_secs(5)).unwrap();
    let response = client.get(to_github.location()).send().await.unwrap();
    let back = Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    format!("{}?{}", back.path(), back.query().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn d12_the_start_page_names_no_environment_to_strangers_and_a_visible_one_to_others() {
    let served = Served::by_link().await;
    let mut nobody = served.browser();
    assert_eq!(nobody.get("/").await.location(), "/sign-in?next=%2F");
    let mut bob = served.signed_in("bob", &[(Role::Viewer, Some("prod"))]).await;
    assert_eq!(bob.get("/").await.location(), "/prod");
}
