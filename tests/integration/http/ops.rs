//! The server as operators see it: a real process, over real sockets.

use std::time::Duration;

use crate::support::serve::ServeProcess;
use crate::support::sluice::sluice;

const TOKEN: &str = "a-token-of-some-length";

#[test]
fn health_and_readiness_need_no_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &[]);
    assert_eq!(server.get("/healthz", "").body, "ok\n");
    let ready = server.wait_for("/readyz", 200);
    let expected = "database: ok\nworker dev: ok\nworker test: ok\nworker prod: ok\n";
    assert_eq!(ready.body, expected);
    assert_eq!(ready.header("cache-control"), Some("no-store"));
}

#[test]
fn a_server_whose_database_is_gone_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &[]);
    server.wait_for("/readyz", 200);
    std::fs::rename(folder.path().join("sluice.sqlite"), folder.path().join("elsewhere")).unwrap();
    let reply = server.wait_for("/readyz", 503);
    assert!(reply.body.contains("database: failed"), "{reply:?}");
    assert_eq!(server.get("/healthz", "").status, 200);
}

#[test]
fn metrics_are_for_whom_the_configuration_names() {
    let folder = tempfile::tempdir().unwrap();
    let closed = ServeProcess::start(folder.path(), &[]);
    assert_eq!(closed.get("/metrics", "").status, 404);
    drop(closed);
    let settings = [("SLUICE_SERVER__METRICS", "token"), ("SLUICE_SERVER__METRICS_TOKEN", TOKEN)];
    let server = ServeProcess::start(folder.path(), &settings);
    assert_eq!(server.get("/metrics", "").status, 401);
    assert_eq!(server.get("/metrics", "authorization: Bearer wrong\r\n").status, 401);
    let with_token = format!("authorization: Bearer {TOKEN}\r\n");
    server.get("/healthz", "");
    server.wait_for("/readyz", 200);
    let reply = server.get("/metrics", &with_token);
    assert_eq!(reply.status, 200, "{reply:?}");
    for line in [
        "sluice_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1",
        "sluice_http_request_duration_seconds_bucket{",
        "sluice_worker_last_beat_seconds{environment=\"dev\"}",
        "sluice_leases_lost_total{environment=\"dev\"} 0",
        "sluice_uploaded_bytes_total 0",
        "sluice_sessions 0",
        "sluice_build_info{version=\"",
    ] {
        assert!(reply.body.contains(line), "{line} is missing in {}", reply.body);
    }
    assert!(reply.body.ends_with("# EOF\n"));
    assert!(!server.log().contains(TOKEN));
}

#[test]
fn runs_are_counted_by_status() {
    let folder = tempfile::tempdir().unwrap();
    let made = sluice(folder.path(), &["generate-runs", "--runs", "30", "--tables", "7"]);
    assert!(made.status.success(), "{made:?}");
    let server = ServeProcess::start(folder.path(), &[("SLUICE_SERVER__METRICS", "open")]);
    let text = server.get("/metrics", "").body;
    assert!(text.contains("sluice_runs{environment=\"dev\",status=\"SUCCEEDED\"} 29"), "{text}");
    assert!(text.contains("sluice_runs{environment=\"dev\",status=\"FAILED\"} 1"), "{text}");
}

#[test]
fn a_request_has_an_id_of_the_servers_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &[]);
    let reply = server.get("/api/v1/me", "x-request-id: forged\r\n");
    assert_eq!(reply.status, 401);
    let id = reply.header("x-request-id").unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(reply.json()["request_id"], id);
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    let log = server.log_with(id);
    let line = log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("/api/v1/me") && line.contains("status=401"), "{line}");
    assert!(!log.contains("forged"));
}

#[test]
fn d13_d14_the_log_holds_no_secret_and_no_forged_line() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SLUICE_LOG__FORMAT", "json")];
    let server = ServeProcess::start(folder.path(), &settings);
    let headers = "cookie: sluice_session=hunter2\r\nauthorization: Bearer hunter2\r\n\
                   user-agent: hunter2\r\nreferer: http://x/hunter2\r\n";
    server.get("/hunter2%0A2026-01-01%20ERROR%20forged?secret=hunter2", headers);
    server.get("/api/v1/environments/hunter2%0Aforged/runs?q=hunter2", headers);
    server.ask("HUNTER2", "/hunter2", "", "hunter2");
    server.get(&format!("/sign-in/link?code={}", server.code()), "");
    server.get("/dev?cursor=hunter2", "");
    let log = server.log();
    assert!(log.lines().count() >= 5, "{log}");
    assert!(!log.to_lowercase().contains("hunter2") && !log.contains("forged"), "{log}");
    assert!(!log.contains(server.code()), "{log}");
    for line in log.lines().filter(|line| line.contains("answered")) {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["message"], "answered");
    }
}

#[test]
fn the_document_describes_every_route_it_lists() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &[]);
    let document = server.get("/api/v1/openapi.json", "").json();
    assert_eq!(document["info"]["title"], "Sluice");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/me") && paths.contains_key("/environments/{environment}/runs"));
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{what} has no problem");
            assert!(operation["security"].is_array(), "{what} does not say who may use it");
            assert!(operation["tags"][0].is_string(), "{what} has no tag");
            let about = operation["summary"].as_str().or(operation["description"].as_str());
            assert!(about.is_some_and(|about| !about.is_empty()), "{what} is not described");
        }
    }
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not defined");
    }
}

#[test]
fn b17_sigterm_ends_the_server_within_ten_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServeProcess::start(folder.path(), &[]);
    server.wait_for("/readyz", 200);
    let (status, took) = server.stop("TERM");
    assert!(status.success(), "{status}: {}", server.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn nothing_is_served_without_a_way_to_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let site = crate::support::serve::empty_site(folder.path());
    let site = site.to_str().unwrap();
    let outcome = sluice(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--site", site]);
    assert_eq!(outcome.code(), Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("sign_in.mode"), "{outcome:?}");
}

#[test]
fn config_check_shows_values_with_their_origin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sluice-server.toml");
    std::fs::write(
        &file,
        "[engine]\nconcurrency = 3\n[notifications]\nwebhook_url = 'https://hunter2'",
    )
    .unwrap();
    let outcome = sluice(folder.path(), &["config", "check", "--output", "json"]);
    assert!(outcome.status.success(), "{outcome:?}");
    assert!(!outcome.stdout.contains("hunter2"));
    let entries = outcome.json();
    let entry = |key: &str| {
        entries.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap().clone()
    };
    assert_eq!(entry("engine.concurrency")["value"], 3);
    assert!(entry("engine.concurrency")["from"].as_str().unwrap().contains("sluice-server.toml"));
    assert_eq!(entry("data_dir")["from"], "the variable SLUICE_DATA_DIR");
    assert_eq!(entry("mode")["from"], "default");
    std::fs::write(&file, "[engine]\nconcurrency = 0\ncolour = 1").unwrap();
    let outcome = sluice(folder.path(), &["runs", "list"]);
    assert_eq!(outcome.code(), Some(2));
    assert!(outcome.stderr.contains("engine.colour"), "{outcome:?}");
}
