//! The catalog over HTTP: tables, descriptions that survive runs, days, sample rows, history.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use domain::column::{Column, ColumnType};
use domain::source::Source;
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, orders_by_date};

const CONFORMED: &str = "/catalog/shop/orders";
const BUILT: &str = "/catalog/shop_purpose_built/orders";

/// A console over a lake with orders of three days.
async fn with_days() -> TestConsole {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    let rows = (1..=9).map(|id| (id, 1 + u8::try_from(id).unwrap() % 3));
    lake.ingest("shop/orders/a.csv", file(rows)).await;
    TestConsole::over(lake, |_| {}).await
}

async fn describe(person: &Person<'_>, table: &str, change: Value) -> Answer {
    let headers = [("content-type", "application/json")];
    person.send(Method::PUT, table, &headers, Body::from(change.to_string())).await
}

async fn ok(person: &Person<'_>, path: &str) -> Value {
    let answer = person.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    answer.json
}

fn names(list: &Value) -> Vec<String> {
    let items = list["tables"]["items"].as_array().unwrap().iter();
    let name = |item: &Value| {
        format!("{}.{}", item["database"].as_str().unwrap(), item["table"].as_str().unwrap())
    };
    items.map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_searched_and_paged() {
    let console = with_days().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let all = ok(&vera, "/catalog").await;
    assert_eq!(names(&all), ["shop.orders", "shop_purpose_built.orders"]);
    let databases: Vec<_> =
        all["databases"].as_array().unwrap().iter().map(|found| &found["name"]).collect();
    assert_eq!(databases, ["shop", "shop_purpose_built"]);
    let conformed = &all["tables"]["items"][0];
    assert_eq!((&conformed["zone"], &conformed["columns"]), (&json!("conformed"), &json!(3)));
    assert_eq!(
        (&conformed["size"]["rows"], &conformed["size"]["partitions"]),
        (&json!(9), &json!(3))
    );
    assert!(conformed["updated_at"].is_string());

    let by_column = ok(&vera, "/catalog?search=ON_DATE").await;
    assert_eq!(names(&by_column), ["shop.orders"]);
    assert_eq!(by_column["tables"]["items"][0]["found_in"], json!(["on_date"]));
    assert_eq!(by_column["databases"], all["databases"]);
    assert_eq!(names(&ok(&vera, "/catalog?database=shop").await), ["shop.orders"]);
    assert_eq!(names(&ok(&vera, "/catalog?search=nowhere").await), [""; 0]);
    let first = ok(&vera, "/catalog?limit=1").await;
    let next = first["tables"]["next"].as_str().unwrap();
    let second = ok(&vera, &format!("/catalog?limit=1&after={next}")).await;
    assert_eq!(
        (names(&first), names(&second)),
        (vec!["shop.orders".into()], vec!["shop_purpose_built.orders".into()])
    );
    assert_eq!(second["tables"]["next"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_says_what_it_holds_and_what_made_it() {
    let console = with_days().await;
    let run = console.lake.runs().await[0].id.to_string();
    let vera = console.sign_in("vera", Role::Viewer).await;
    let table = ok(&vera, CONFORMED).await;
    assert_eq!(table["columns"][1], json!({"name": "on_date", "type": "date"}));
    assert_eq!(table["partition_keys"], json!(["year", "month", "day"]));
    assert_eq!(
        (&table["first_day"], &table["last_day"]),
        (&json!("2020-08-01"), &json!("2020-08-03"))
    );
    assert_eq!((&table["size"]["rows"], &table["files"]), (&json!(9), &json!(3)));
    assert_eq!(table["last_write"]["run"], run);
    assert_eq!(table["last_write"]["definition_version"], 1);
    assert_eq!(table["origin"]["dataset"], "shop/orders");
    assert_eq!(table["origin"]["definition"]["author"], "test");
    let sql = table["example_sql"].as_str().unwrap();
    assert!(
        sql.ends_with(
            "FROM shop.orders\nWHERE year = '2020' AND month = '08' AND day = '03'\nLIMIT 100"
        ),
        "{sql}"
    );
    let built = ok(&vera, BUILT).await;
    assert_eq!(built["origin"]["reads"], json!(["shop.orders"]));
    assert_eq!(built["zone"], "purpose-built");
    for nowhere in [
        "/catalog/shop/nothing",
        "/catalog/shop/nothing/partitions",
        "/catalog/shop/nothing/history",
    ] {
        assert_eq!(vera.get(nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_descriptions_survive_runs_and_new_sql() {
    let console = with_days().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    for table in [CONFORMED, BUILT] {
        let version = ok(&ada, table).await["version"].clone();
        let column = if table == BUILT { "amount" } else { "id" };
        let change = json!({"version": version, "description": " What customers ordered.\r\nOne row each. ", "columns": {column: "in euros"}});
        let saved = describe(&ada, table, change).await;
        assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
        assert_eq!(saved.json["description"], "What customers ordered.\nOne row each.");
    }
    console.lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 4)])).await;
    console.lake.transform(ORDERS, &ORDERS_SQL.replace("sum(id) AS ids, ", "")).await;
    let grown = Column::new("note", ColumnType::String);
    let mut source: Source = orders_by_date();
    source.columns.push(grown);
    console.lake.register(&source).await;
    console.lake.ingest("shop/orders/b.csv", "id,on_date,amount,note\n3,2020-08-05,1,x\n").await;
    for (table, columns) in [(CONFORMED, 4), (BUILT, 2)] {
        let shown = ok(&ada, table).await;
        assert_eq!(shown["description"], "What customers ordered.\nOne row each.");
        let described = shown["columns"].as_array().unwrap();
        assert_eq!(described.len(), columns);
        let kept = described.iter().find(|column| !column["comment"].is_null()).unwrap();
        assert_eq!(kept["comment"], "in euros");
    }
    let audited = console.audited("catalog.describe").await;
    assert_eq!(audited.len(), 2);
    let (before, after) = (audited[1].before.clone().unwrap(), audited[1].after.clone().unwrap());
    assert_eq!(audited[1].object, "shop.orders");
    assert_eq!(before["columns"], json!({"id": ""}));
    assert_eq!(after["columns"], json!({"id": "in euros"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_that_was_taken_away_does_not_come_back_from_the_source() {
    let lake = TestLake::new().await;
    let mut source = orders_by_date();
    source.columns[0].description = Some("from the source".into());
    lake.register(&source).await;
    lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let table = ok(&ada, CONFORMED).await;
    assert_eq!(table["columns"][0]["comment"], "from the source");
    let change = json!({"version": table["version"], "columns": {"id": ""}});
    assert_eq!(describe(&ada, CONFORMED, change).await.status, StatusCode::OK);
    source.columns.push(Column::new("note", ColumnType::String));
    console.lake.register(&source).await;
    console.lake.ingest("shop/orders/b.csv", "id,on_date,amount,note\n3,2020-08-05,1,x\n").await;
    let table = ok(&ada, CONFORMED).await;
    assert_eq!(table["columns"].as_array().unwrap().len(), 4);
    assert_eq!(table["columns"][0]["comment"], Value::Null);
    let catalog = ok(&ada, "/sql/catalog").await;
    assert_eq!(catalog["databases"][0]["tables"][0]["columns"][0]["comment"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_descriptions_are_conditional_on_the_version_read() {
    let console = with_days().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    let version = ok(&ada, CONFORMED).await["version"].clone();
    let change = |text: &str| json!({"version": version, "description": text});
    let (hers, his) = (
        describe(&ada, CONFORMED, change("hers")).await,
        describe(&bob, CONFORMED, change("his")).await,
    );
    assert_eq!((hers.status, his.status), (StatusCode::OK, StatusCode::CONFLICT));
    assert_eq!(ok(&bob, CONFORMED).await["description"], "hers");
    let version = hers.json["version"].clone();
    let wrong = [
        json!({"version": version, "columns": {"year": "a partition key"}}),
        json!({"version": version, "columns": {"nothing": "x"}}),
        json!({"version": version, "columns": {"id": "two\nlines"}}),
        json!({"version": version, "columns": {"id": "ä".repeat(128)}}),
        json!({"version": version, "description": "x".repeat(2_049)}),
        json!({"version": version, "description": "a\u{0}b"}),
    ];
    for change in wrong {
        let refused = describe(&ada, CONFORMED, change.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{change}: {}", refused.text);
    }
    let same = describe(&ada, CONFORMED, json!({"version": version, "description": "hers"})).await;
    assert_eq!((same.status, &same.json["version"]), (StatusCode::OK, &version));
    assert_eq!(console.audited("catalog.describe").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_listed_newest_first_and_sampled() {
    let console = with_days().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let first = ok(&ada, &format!("{CONFORMED}/partitions?limit=2")).await;
    let days = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["day"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(days(&first), ["2020-08-03", "2020-08-02"]);
    assert_eq!((&first["items"][0]["rows"], &first["items"][0]["files"]), (&json!(3), &json!(1)));
    let rest = ok(&ada, &format!("{CONFORMED}/partitions?limit=2&after=2020-08-02")).await;
    assert_eq!((days(&rest), &rest["next"]), (vec!["2020-08-01".to_owned()], &Value::Null));
    assert_eq!(days(&ok(&ada, &format!("{CONFORMED}/partitions?year=2019")).await), [""; 0]);
    let year = ok(&ada, &format!("{CONFORMED}/calendar")).await;
    assert_eq!((&year["year"], &year["years"]), (&json!(2020), &json!([2020])));
    assert_eq!(year["days"].as_array().unwrap().len(), 3);

    let newest = ok(&ada, &format!("{CONFORMED}/sample")).await;
    assert_eq!((&newest["day"], &newest["of_rows"]), (&json!("2020-08-03"), &json!(3)));
    let columns: Vec<_> =
        newest["columns"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
    assert_eq!(columns, ["id", "on_date", "amount", "year", "month", "day"]);
    assert_eq!(newest["rows"][0], json!(["2", "2020-08-03", "0.5", "2020", "08", "03"]));
    let older = ok(&ada, &format!("{CONFORMED}/sample?day=2020-08-01")).await;
    assert_eq!(older["rows"].as_array().unwrap().len(), 3);
    assert!(older["sql"].as_str().unwrap().contains("day = '01'"));
    let nowhere = ada.get(&format!("{CONFORMED}/sample?day=1999-01-01")).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    let vera = console.sign_in("vera", Role::Viewer).await;
    let refused = vera.get(&format!("{CONFORMED}/sample")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let many = (1..=150).map(|id| (id, 9));
    console.lake.ingest("shop/orders/many.csv", file(many)).await;
    let bounded = ok(&ada, &format!("{CONFORMED}/sample")).await;
    assert_eq!(
        (bounded["rows"].as_array().unwrap().len(), &bounded["of_rows"]),
        (100, &json!(150))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_says_who_changed_which_column() {
    let console = with_days().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let version = ok(&ada, CONFORMED).await["version"].clone();
    let change = json!({"version": version, "columns": {"amount": "in euros"}});
    assert_eq!(describe(&ada, CONFORMED, change).await.status, StatusCode::OK);
    let mut source = orders_by_date();
    source.columns.push(Column::new("note", ColumnType::String));
    console.lake.register(&source).await;
    let run = console
        .lake
        .ingest("shop/orders/b.csv", "id,on_date,amount,note\n3,2020-08-05,1,x\n")
        .await;
    console.lake.ingest("shop/orders/c.csv", "id,on_date,amount,note\n4,2020-08-05,1,x\n").await;

    let history = ok(&ada, &format!("{CONFORMED}/history")).await;
    let points = history.as_array().unwrap();
    assert_eq!(points.len(), 3, "a run that changes no column is not in it: {history}");
    let [newest, told, first] = [&points[0], &points[1], &points[2]];
    assert_eq!(
        (&newest["run"], &newest["definition_version"]),
        (&json!(run.id.to_string()), &json!(2))
    );
    let added = &newest["change"]["columns"];
    assert_eq!(added.as_array().unwrap().len(), 1);
    assert_eq!(
        (&added[0]["name"], &added[0]["change"], &added[0]["type_after"]),
        (&json!("note"), &json!("added"), &json!("string"))
    );
    assert_eq!((&told["person"], &told["run"]), (&json!("ada"), &Value::Null));
    assert_eq!(told["change"]["columns"][0]["comment_after"], "in euros");
    assert_eq!((&first["columns"], &first["person"]), (&json!(3), &Value::Null));

    let (from, to) = (&first["version"], &newest["version"]);
    let compared = ok(&ada, &format!("{CONFORMED}/history/{from}/compare/{to}")).await;
    let told: Vec<_> = compared["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| (column["name"].as_str().unwrap(), column["change"].as_str().unwrap()))
        .collect();
    let expected =
        [("id", "same"), ("on_date", "same"), ("amount", "described"), ("note", "added")];
    assert_eq!(told, expected);
    let back = ok(&ada, &format!("{CONFORMED}/history/{to}/compare/{from}")).await;
    assert_eq!(back["columns"][3]["change"], "removed");
    let nowhere = ada.get(&format!("{CONFORMED}/history/1/compare/99")).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}
