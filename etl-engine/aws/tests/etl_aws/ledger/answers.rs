//! Answers that DynamoDB gives when much goes on, and that an emulator never gives.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws::{Account, AwsSettings, StaticCredentials};
use domain::ErrorKind;
use etl_aws::{DynamoDbOutbox, DynamoDbRunLedger};
use etl_engine::notify::Outbox;
use etl_engine::run::RunLedger;
use etl_engine::testing::sample::{arrival, at};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::settings;

const TYPE: &str = "__type";

/// A server that gives answers in the order written down, and keeps what it was asked.
struct Script {
    account: Account,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    async fn of(answers: Vec<(u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut answers) = (asked.clone(), VecDeque::from(answers));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (status, body) = answers.pop_front().unwrap();
                let asked = read(&mut stream).await;
                kept.lock().unwrap().push(asked);
                answer(&mut stream, status, &body).await;
            }
        });
        let keys = StaticCredentials { access_key: "1".into(), secret_key: "s".into() };
        let reached = AwsSettings {
            endpoint: Some(endpoint),
            credentials: Some(keys),
            attempts: 1,
            ..AwsSettings::in_region("eu-central-1")
        };
        Self { account: Account::open(&reached).await, asked }
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    fn outbox(&self) -> DynamoDbOutbox {
        DynamoDbOutbox::new(&self.account, &settings().state_table)
    }
}

/// What one request asks.
async fn read(stream: &mut TcpStream) -> Value {
    let (mut request, mut part) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let length = stream.read(&mut part).await.unwrap();
        request.extend_from_slice(&part[..length]);
        let end = request.windows(4).position(|window| window == b"\r\n\r\n");
        let asked = end.and_then(|end| serde_json::from_slice(&request[end + 4..]).ok());
        if let Some(asked) = asked {
            return asked;
        }
    }
}

async fn answer(stream: &mut TcpStream, status: u16, body: &Value) {
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/x-amz-json-1.0\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

fn cancelled(reason: &str) -> (u16, Value) {
    let reasons = json!([{ "Code": reason, "Message": "it says why" }]);
    let message = "Transaction cancelled, please refer cancellation reasons";
    (
        400,
        json!({
            TYPE: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": message,
            "CancellationReasons": reasons,
        }),
    )
}

fn refused(name: &str) -> (u16, Value) {
    (400, json!({ TYPE: format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "no" }))
}

#[tokio::test]
async fn writers_that_meet_try_again_with_another_token() {
    let answers =
        vec![cancelled("TransactionConflict"), cancelled("ThrottlingError"), (200, json!({}))];
    let script = Script::of(answers).await;
    script.outbox().delivered("1", at(0)).await.unwrap();
    let asked = script.asked();
    assert_eq!(asked.len(), 3);
    assert_ne!(asked[0]["ClientRequestToken"], asked[1]["ClientRequestToken"]);
    assert_eq!(asked[0]["TransactItems"], asked[1]["TransactItems"]);
}

#[tokio::test]
async fn a_transaction_that_goes_on_is_asked_for_with_the_same_token() {
    let answers = vec![refused("TransactionInProgressException"), (200, json!({}))];
    let script = Script::of(answers).await;
    script.outbox().delivered("1", at(0)).await.unwrap();
    let asked = script.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn errors_keep_their_kind_and_say_what_could_not_be_done() {
    let cases = [
        (cancelled("ConditionalCheckFailed"), ErrorKind::NotFound, "not in the outbox"),
        (cancelled("ValidationError"), ErrorKind::Invalid, "it says why"),
        (refused("ThrottlingException"), ErrorKind::Throttled, "change a notification"),
        (refused("AccessDeniedException"), ErrorKind::Denied, "change a notification"),
        (refused("ResourceNotFoundException"), ErrorKind::NotFound, "change a notification"),
        ((500, json!({})), ErrorKind::Unavailable, "change a notification"),
    ];
    for (answer, kind, words) in cases {
        let script = Script::of(vec![answer.clone()]).await;
        let error = script.outbox().delivered("1", at(0)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer:?}: {error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_is_left_over_of_a_batch_is_asked_for_again() {
    let arrivals: Vec<_> =
        ["a", "b"].map(|file| arrival(&format!("tlc/yellow/{file}"), file)).into();
    let table = settings().state_table;
    let key = |arrival: &domain::arrival::Arrival| {
        json!({ "pk": { "S": format!("arrival#3#raw#{}", arrival.key) },
                "sk": { "S": arrival.version.to_string() } })
    };
    let left = json!({ &table: { "Keys": [key(&arrivals[1])], "ConsistentRead": true } });
    let found = |arrival| json!({ &table: [key(arrival)] });
    let answers = vec![
        (200, json!({ "Responses": found(&arrivals[0]), "UnprocessedKeys": left })),
        (200, json!({ "Responses": found(&arrivals[1]), "UnprocessedKeys": {} })),
    ];
    let script = Script::of(answers).await;
    let ledger = DynamoDbRunLedger::new(&script.account, settings());
    assert_eq!(ledger.unknown(arrivals.clone()).await.unwrap(), []);
    let asked = script.asked();
    assert_eq!(asked[0]["RequestItems"][&table]["Keys"].as_array().unwrap().len(), 2);
    assert_eq!(asked[1]["RequestItems"], left);
}

#[tokio::test]
async fn a_claim_that_finds_nothing_is_one_consistent_query() {
    let script = Script::of(vec![(200, json!({ "Items": [], "Count": 0 }))]).await;
    let ledger = DynamoDbRunLedger::new(&script.account, settings());
    let request = etl_engine::testing::sample::request("one");
    assert_eq!(ledger.claim(&request, at(0)).await.unwrap(), None);
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[0]["ConsistentRead"], &asked[0]["IndexName"]), (&json!(true), &json!(null)));
}
