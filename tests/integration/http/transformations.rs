//! Transformations over HTTP: checks, dry run, preview, impact, versions, merges.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{ORDERS_SQL, file, source};

const AT: &str = "/transformations/shop/orders";

/// Saves SQL as the version after `base`.
pub(super) async fn put(person: &Person<'_>, sql: &str, base: u64) -> Answer {
    let body = json!({"sql": sql, "message": "a reason", "base": base});
    let headers = [("content-type", "application/json")];
    person.send(Method::PUT, AT, &headers, Body::from(body.to_string())).await
}

async fn tried(person: &Person<'_>, how: &str, sql: &str) -> Value {
    let answer = person.post(&format!("{AT}/{how}"), json!({ "sql": sql })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json
}

/// A console over a lake with two runs of orders.
pub(super) async fn with_rows() -> TestConsole {
    let console = TestConsole::new().await;
    let rows = (1..=40).map(|id| (id, 5));
    console.lake.ingest("shop/orders/a.csv", file(rows)).await;
    console
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_and_the_page_say_what_the_sql_reads() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let list = vera.get("/transformations?search=COUNT").await;
    let item = &list.json["items"][0];
    assert_eq!(item["dataset"], "shop/orders");
    assert_eq!(item["current"]["version"], 1);
    assert_eq!(item["standing"]["reads"], json!(["shop.orders"]));
    assert_eq!(item["standing"]["whole_table_because"], Value::Null);
    assert_eq!(item["standing"]["problem"], Value::Null);
    let none = vera.get("/transformations?search=nothing-holds-this").await;
    assert_eq!(none.json["items"], json!([]));
    let shown = vera.get(AT).await;
    assert_eq!(shown.json["current"]["sql"], ORDERS_SQL);
    assert_eq!(shown.json["purpose_built_table"], "shop_purpose_built.orders");
    assert_eq!(vera.get("/transformations/shop/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_name_the_place_and_a_dry_run_the_columns() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let wrong = ORDERS_SQL.replace("sum(amount)", "sum(amuont)");
    let checked = tried(&ada, "check", &wrong).await;
    let finding = &checked["findings"][0];
    assert_eq!((&finding["severity"], &finding["suggestion"]), (&json!("error"), &json!("amount")));
    let column = wrong.find("amuont").unwrap() + 1;
    assert_eq!((&finding["line"], &finding["column"]), (&json!(1), &json!(column)));
    assert_eq!(finding["end_column"], column + 6);
    let refused = ada.post(&format!("{AT}/dry-run"), json!({ "sql": wrong })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    let other = ORDERS_SQL.replace("sum(id) AS ids", "avg(id) AS mean").replace("count(*)", "'x'");
    let dry = tried(&ada, "dry-run", &other).await;
    assert_eq!(dry["columns"].as_array().unwrap().len(), 6);
    let changes: Vec<_> = dry["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["name"].as_str().unwrap(), change["change"].as_str().unwrap()))
        .collect();
    assert_eq!(changes, [("orders", "retyped"), ("mean", "added"), ("ids", "removed")]);
    assert_eq!(tried(&ada, "dry-run", ORDERS_SQL).await["changes"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_rows_of_a_sample_and_writes_nothing() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let files = console.lake.table_files();
    let preview = tried(&ada, "preview", ORDERS_SQL).await;
    assert_eq!(preview["rows"].as_array().unwrap().len(), 1);
    let row = preview["rows"][0].as_array().unwrap();
    assert_eq!(row[3..], [json!("40"), json!("820"), json!("205.0")]);
    assert_eq!(preview["sampled"]["rows"], 40);
    assert_eq!(
        (&preview["sampled"]["of_partitions"], &preview["truncated"]),
        (&json!(1), &Value::Null)
    );
    let many = "SELECT a.id, b.amount FROM shop.orders a CROSS JOIN shop.orders b";
    let preview = tried(&ada, "preview", many).await;
    assert_eq!(preview["rows"].as_array().unwrap().len(), 100);
    assert!(preview["truncated"].as_str().unwrap().contains("first 100 rows"));
    assert_eq!(console.lake.table_files(), files);
}

#[tokio::test(flavor = "multi_thread")]
async fn impact_says_which_rows_and_columns_change() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let by_half = "SELECT year, month, day, id % 2 AS half, count(*) AS orders, sum(amount) AS \
         amount FROM shop.orders GROUP BY year, month, day, id % 2";
    assert_eq!(put(&ada, by_half, 1).await.status, StatusCode::OK);
    let same = tried(&ada, "impact", &format!("{by_half} ORDER BY amount")).await;
    assert_eq!((&same["same"], &same["key_source"]), (&json!(true), &json!("group_by")));
    assert_eq!(same["keys"], json!(["year", "month", "day", "half"]));

    let without = by_half.replace("FROM shop.orders", "FROM shop.orders WHERE id <> 3");
    let found = tried(&ada, "impact", &without).await;
    let rows = &found["rows"];
    assert_eq!((&rows["changed"], &rows["unchanged"]), (&json!(1), &json!(1)));
    let example = &found["examples"][0];
    assert_eq!((&example["change"], &example["key"][3]), (&json!("changed"), &json!("1")));
    assert_eq!(example["cells"][0], json!({"column": "orders", "old": "20", "new": "19"}));
    let orders = found["columns"].as_array().unwrap().iter().find(|c| c["name"] == "orders");
    assert_eq!(orders.unwrap()["match_percent"], 50.0);

    let one = by_half.replace("FROM shop.orders", "FROM shop.orders WHERE id % 2 = 1");
    assert_eq!(tried(&ada, "impact", &one).await["rows"]["removed"], 1);
    let asked = json!({"sql": by_half, "base_version": 1, "keys": ["orders"]});
    let given = ada.post(&format!("{AT}/impact"), asked).await;
    assert_eq!(given.json["duplicates"], json!({"old": 0, "new": 1}), "{}", given.text);
    assert_eq!(given.json["base"]["version"], 1);
    let asked = json!({"sql": by_half, "partitions": ["1999-01-01"]});
    let nowhere = ada.post(&format!("{AT}/impact"), asked).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nowhere.json["detail"].as_str().unwrap().contains("no partition 1999-01-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_two_edits_of_one_version_are_merged_and_nothing_is_lost() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    let base = "SELECT year, month, day,\n  count(*) AS orders,\n  sum(id) AS ids\nFROM shop.orders\n\
         WHERE id > 0\nGROUP BY year, month, day\n";
    assert_eq!(put(&ada, base, 1).await.json["saved"]["version"], 2);
    let hers = base.replace("sum(id) AS ids", "max(id) AS ids");
    let his = base.replace("id > 0", "id > 1");
    assert_eq!(put(&ada, &hers, 2).await.json["saved"]["version"], 3);
    let stale = put(&bob, &his, 2).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.json["detail"].as_str().unwrap().starts_with("ada saved version 3"));

    let merged = bob.post(&format!("{AT}/merge"), json!({"base": 2, "mine": his})).await;
    assert_eq!(merged.json["conflicts"], json!([]), "{}", merged.text);
    assert_eq!(merged.json["current"]["author"], "ada");
    let both = merged.json["merged"].as_str().unwrap();
    assert!(both.contains("max(id)") && both.contains("id > 1"), "{both}");
    assert_eq!(put(&bob, both, 3).await.json["saved"]["version"], 4);

    let mine = base.replace("sum(id) AS ids", "min(id) AS ids");
    let meets = bob.post(&format!("{AT}/merge"), json!({"base": 2, "mine": mine})).await;
    let conflict = &meets.json["conflicts"][0];
    assert_eq!(conflict["mine"], "  min(id) AS ids\n");
    assert_eq!(conflict["theirs"], "  max(id) AS ids\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_sql_is_not_saved_and_an_earlier_version_is_restored() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let wrong = put(&ada, "SELECT id,\n  nope FROM shop.orders", 1).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = wrong.json["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["field"] == "sql:2:3"), "{}", wrong.text);

    let next = ORDERS_SQL.replace("count(*)", "count(id)");
    assert_eq!(put(&ada, &next, 1).await.status, StatusCode::OK);
    let restored = ada.post(&format!("{AT}/restore"), json!({"version": 1, "base": 2})).await;
    assert_eq!(restored.json["saved"]["sql"], ORDERS_SQL, "{}", restored.text);
    let versions = ada.get(&format!("{AT}/versions")).await;
    let messages: Vec<_> =
        versions.json.as_array().unwrap().iter().map(|saved| saved["message"].as_str()).collect();
    assert_eq!(messages, [Some("restore version 1"), Some("a reason"), Some("")]);
    assert_eq!(ada.get(&format!("{AT}/versions/2")).await.json["sql"], next.as_str());
    assert_eq!(ada.get(&format!("{AT}/versions/9")).await.status, StatusCode::NOT_FOUND);
    let again = ada.post(&format!("{AT}/restore"), json!({"version": 1, "base": 2})).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_knows_what_can_be_named() {
    let console = with_rows().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let catalog = vera.get("/sql/catalog").await;
    let databases = catalog.json["databases"].as_array().unwrap();
    let names: Vec<_> = databases.iter().map(|database| database["name"].as_str()).collect();
    assert_eq!(names, [Some("shop"), Some("shop_purpose_built")]);
    let column = &databases[0]["tables"][0]["columns"][2];
    assert_eq!(*column, json!({"name": "amount", "type": "double"}));
    let tag = catalog.headers["etag"].to_str().unwrap();
    let known = [("if-none-match", tag)];
    let again = vera.send(Method::GET, "/sql/catalog", &known, Body::empty()).await;
    assert_eq!((again.status, again.text.len()), (StatusCode::NOT_MODIFIED, 0));
    let laid_out = vera.post("/sql/format", json!({"sql": "select a,b from t where x=1"})).await;
    assert_eq!(laid_out.json["sql"], "select\n  a,\n  b\nfrom\n  t\nwhere\n  x = 1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_tells_the_last_run_and_what_tests_say() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let item = async || vera.get("/transformations").await.json["items"][0].clone();
    let none = item().await;
    assert_eq!((&none["last_run"], &none["tests"]["cases"]), (&Value::Null, &json!(0)));
    console.lake.ingest("shop/orders/a.csv", file((1..=4).map(|id| (id, 5)))).await;
    let run = console.lake.runs().await[0].id.to_string();
    let last = item().await["last_run"].clone();
    assert_eq!(
        (&last["id"], &last["status"], &last["version"]),
        (&json!(run), &json!("SUCCEEDED"), &json!(1))
    );

    let case = console.lake.path().join("transformations/shop/orders.tests/one_day");
    std::fs::create_dir_all(&case).unwrap();
    let input = "id,amount,year,month,day\n1,2.5,2020,08,05\n";
    std::fs::write(case.join("orders.csv"), input).unwrap();
    std::fs::write(case.join("expected.csv"), "day,orders,ids,amount\n05,1,1,2.5\n").unwrap();
    assert_eq!(item().await["tests"], json!({"cases": 1, "failed": 0}));
    std::fs::write(case.join("expected.csv"), "day,orders,ids,amount\n05,1,1,99.5\n").unwrap();
    assert_eq!(item().await["tests"], json!({"cases": 1, "failed": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_fixture_keeps_sql_from_being_saved_until_somebody_says_why() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let case = console.lake.path().join("transformations/shop/orders.tests/two_days");
    std::fs::create_dir_all(&case).unwrap();
    let input = "id,amount,year,month,day\n1,2.5,2020,08,05\n2,,2020,08,05\n3,1,2020,08,06\n";
    std::fs::write(case.join("orders.csv"), input).unwrap();
    let expected = "day,orders,ids,amount\n06,1,3,1\n05,2,3,2.5\n";
    std::fs::write(case.join("expected.csv"), expected).unwrap();
    let passed = tried(&ada, "tests", ORDERS_SQL).await;
    assert_eq!(
        (&passed["cases"][0]["passed"], &passed["cases"][0]["matching"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(ada.get(AT).await.json["tests"], json!(["two_days"]));

    let other =
        ORDERS_SQL.replace("sum(id)", "max(id)").replace("GROUP BY", "WHERE id <> 3 GROUP BY");
    let failed = tried(&ada, "tests", &other).await;
    let case_of = &failed["cases"][0];
    assert_eq!(case_of["missing"], json!([["06", "1", "3", "1.0"]]));
    let changed =
        json!([{"key": [["day", "05"]], "column": "ids", "expected": "3", "actual": "2"}]);
    assert_eq!(case_of["changed"], changed, "{failed}");
    let refused = put(&ada, &other, 1).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json["fields"][0]["field"], "accept_failing_tests");
    assert!(refused.json["detail"].as_str().unwrap().contains("two_days"));
    let why = json!({"sql": other, "message": "", "base": 1, "accept_failing_tests": "new rule"});
    let headers = [("content-type", "application/json")];
    let accepted = ada.send(Method::PUT, AT, &headers, Body::from(why.to_string())).await;
    assert_eq!(accepted.json["saved"]["version"], 2, "{}", accepted.text);
    assert_eq!(accepted.json["tests"]["cases"][0]["passed"], false);

    std::fs::remove_file(case.join("orders.csv")).unwrap();
    let broken = tried(&ada, "tests", ORDERS_SQL).await;
    assert!(broken["cases"][0]["problem"].as_str().unwrap().contains("add orders.csv"), "{broken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tables_can_be_named_and_are_checked_quickly() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    for number in 0..1_000 {
        console.lake.register(&source(&format!("shop/table_{number:04}"))).await;
    }
    let catalog = ada.get("/sql/catalog").await;
    assert_eq!(catalog.json["databases"][0]["tables"].as_array().unwrap().len(), 1_001);
    assert!(catalog.text.len() < 512 * 1024, "{} bytes", catalog.text.len());
    let missing = ORDERS_SQL.replace("shop.orders", "shop.table_9999");
    let checked = tried(&ada, "check", &missing).await;
    assert!(checked["findings"][0]["suggestion"].as_str().unwrap().starts_with("shop.table_"));
    // Without optimisation, on a machine that runs other tests: a bound against growth by tables.
    assert!(tried(&ada, "check", ORDERS_SQL).await["seconds"].as_f64().unwrap() < 2.0);
}
