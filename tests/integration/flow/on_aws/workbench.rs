//! The console of a running `sluice serve` in mode `aws`: its workers move files, its workbench asks Athena.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::data::Dataset;
use super::site::Site;
use crate::support::serve::{Reply, ServeProcess};

const UPLOADS: &str = "/api/v1/environments/dev/uploads";
const QUERIES: &str = "/api/v1/environments/dev/queries";
const PATIENCE: Duration = Duration::from_secs(60);

/// A console that somebody is signed in to.
pub(super) struct Workbench {
    server: ServeProcess,
    headers: String,
}

impl Workbench {
    /// Starts the server, workers included, and signs in by its link.
    pub(super) fn open(site: &Site) -> Self {
        let identity = site.identity();
        let settings = identity.each_ref().map(|(name, value)| (*name, value.as_str()));
        let server = ServeProcess::start(&site.data(), &settings);
        // Although test and prod are not made yet: their first deployments need a server, too.
        server.wait_for("/readyz", 200);
        let headers = format!(
            "{}origin: http://{}\r\ncontent-type: application/json\r\n",
            server.sign_in(),
            server.address
        );
        Self { server, headers }
    }

    /// The reference's query, and that the conformed table has the rows that its run wrote.
    pub(super) fn assert_rows(&self, of: &Dataset, written: u64) {
        let table = of.table;
        let sql = format!("SELECT * FROM \"datablog_arg\".\"{table}\" limit 10");
        assert_eq!(self.run(&sql)["rows"].as_array().map(Vec::len), Some(10));
        let sql = format!("SELECT count(*) AS trips FROM \"datalake_raw_source\".\"{table}\"");
        assert_eq!(self.run(&sql)["rows"], json!([[written.to_string()]]), "{table}");
    }

    /// Sends a file in two pieces as the console does, the last one once more, like a browser that lost the
    /// answer. The id of its run.
    pub(super) fn upload(&self, of: &Dataset, name: &str, text: &str) -> String {
        let new = json!({ "dataset": of.dataset, "file_name": name, "size": text.len() });
        let begun = self.ask("POST", UPLOADS, &new.to_string());
        assert_eq!(begun.status, 201, "{begun:?}");
        let path = format!("{UPLOADS}/{}", begun.json()["id"].as_str().unwrap());
        let (head, tail) = text.split_at(text.len() / 2);
        assert_eq!(self.piece(&path, 0, head)["run"], Value::Null);
        let landed = self.piece(&path, head.len(), tail);
        assert_eq!(self.piece(&path, head.len(), tail), landed);
        landed["run"].as_str().unwrap().to_owned()
    }

    fn piece(&self, path: &str, offset: usize, text: &str) -> Value {
        let headers = format!("{}upload-offset: {offset}\r\n", self.headers);
        let sent = self.server.ask("PATCH", path, &headers, text);
        assert_eq!(sent.status, 200, "{sent:?}");
        sent.json()
    }

    /// The first page of what a statement gives.
    fn run(&self, sql: &str) -> Value {
        let started = self.ask("POST", QUERIES, &json!({ "sql": sql }).to_string());
        assert_eq!(started.status, 202, "{started:?}");
        let path = format!("{QUERIES}/{}", started.json()["id"].as_str().unwrap());
        let begin = Instant::now();
        loop {
            let query = self.ask("GET", &path, "").json();
            match query["state"].as_str() {
                Some("SUCCEEDED") => break assert_eq!(query["engine"], "Athena", "{query}"),
                Some("QUEUED" | "RUNNING") => {
                    assert!(begin.elapsed() < PATIENCE, "{query}");
                    std::thread::sleep(Duration::from_millis(100));
                }
                _ => panic!("{sql}: {query}"),
            }
        }
        self.ask("GET", &format!("{path}/rows"), "").json()
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        self.server.ask(method, path, &self.headers, body)
    }
}
