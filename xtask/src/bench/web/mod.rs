//! The budgets of the console: what the browser loads, how fast pages begin, how fast the server is
//! ready, and what it takes while idle.

mod client;
pub(super) mod load;
mod page_load;
mod script;
mod server;
mod sql;

use std::time::Duration;

use anyhow::{Result, ensure};

use super::stage::{clear, succeed};
use super::statistics::{median, range};
use crate::site;
use crate::workspace::Workspace;
use client::{Answer, Session};
use server::Server;

/// Runs in the ledger, and the datasets they spread over.
const RUNS: u64 = 10_000;
const TABLES: u64 = 1_000;
/// Requests for each page, after a few that warm caches.
const REQUESTS: usize = 100;
const STARTS: usize = 7;
/// How long the server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(10);

/// One measured figure and its bound, if it has one.
struct Figure {
    what: String,
    bound: Option<f64>,
    measured: f64,
    unit: &'static str,
    remark: String,
}

/// Measures and returns the table. `quick`: with the development build, to try it out.
pub(super) fn measure(workspace: &Workspace, quick: bool) -> Result<String> {
    let site = site::build(workspace, false)?;
    let program = workspace.build_sluice(!quick)?;
    let folder = workspace.target().join("bench-web");
    clear(&folder)?;
    let mut demo = server::sluice(&program, &folder);
    demo.args(["demo", "--rows", "0", "--no-serve"]);
    succeed(demo)?;
    println!("recording {RUNS} runs");
    let (runs, tables) = (RUNS.to_string(), TABLES.to_string());
    let mut generate = server::sluice(&program, &folder);
    generate.args(["generate-runs", "--runs", &runs, "--tables", &tables, "--register"]);
    succeed(generate)?;
    let mut figures = Vec::new();
    let start = || Server::start(&program, &folder, &site);
    figures.push(ready(&start)?);
    let server = start()?;
    let session = Session::begin(&server)?;
    for (what, path) in [
        ("first byte, page of runs", "/dev/runs"),
        ("first byte, page of runs, one status", "/dev/runs?status=FAILED"),
        ("first byte, API list of runs", "/api/v1/environments/dev/runs"),
    ] {
        figures.push(first_byte(&session, what, path)?);
    }
    // What a browser loads is bounded for the page that it sees first.
    let pages =
        [("first page (overview)", "/dev", Some(350.0)), ("page of runs", "/dev/runs", None)];
    for (name, path, bound) in pages {
        figures.extend(page(workspace, &server, &session, (name, path), bound)?);
    }
    std::thread::sleep(IDLE);
    let [resident, own] = memory(&server)?;
    let remark = format!("resident; {own:.0} of it not shared with the binary's file");
    figures.push(idle("memory while idle, after pages", resident, remark));
    figures.extend(sql::checks(&session)?);
    figures.extend(typing(workspace, &server, &session)?);
    figures.extend(scrolling(workspace, &server, &session)?);
    std::thread::sleep(IDLE);
    let [resident, own] = memory(&server)?;
    let remark = format!("not shared with the binary's file; {resident:.0} resident");
    figures.push(idle("memory of its own while idle, after checks and a result", own, remark));
    drop(server);
    clear(&folder)?;
    let what = format!("{RUNS} runs over {TABLES} datasets in SQLite");
    Ok(table(&what, &figures, quick))
}

/// From the start of the process to the line that says it is ready, with a warm data folder.
fn ready(start: &dyn Fn() -> Result<Server>) -> Result<Figure> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..=STARTS {
        times.push(start()?.ready_after.as_secs_f64() * 1e3);
    }
    // The first start warms the caches.
    times.remove(0);
    Ok(figure("`sluice serve` ready", 500.0, &times))
}

fn first_byte(session: &Session, what: &str, path: &str) -> Result<Figure> {
    answers(what, || session.get(path))
}

/// The time to the first byte of an answer, which budgets of 20 ms are for.
fn answers(what: &str, ask: impl Fn() -> Result<Answer>) -> Result<Figure> {
    for _ in 0..10 {
        ask()?;
    }
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let answer = ask()?;
        ensure!(answer.status == 200, "{what}: the server answered {}", answer.status);
        times.push(answer.first_byte.as_secs_f64() * 1e3);
    }
    Ok(with_late(figure(what, 20.0, &times), times, 99))
}

/// The figure with the time that so many of 100 are within.
fn with_late(mut figure: Figure, mut times: Vec<f64>, share: usize) -> Figure {
    times.sort_by(f64::total_cmp);
    let late = times.get(times.len() * share / 100).copied().unwrap_or_default();
    figure.remark = format!("{}, p{share} {late:.1}", figure.remark);
    figure
}

/// What a page loads, and when it answers.
fn page(
    workspace: &Workspace,
    server: &Server,
    session: &Session,
    (name, path): (&str, &str),
    bound: Option<f64>,
) -> Result<Vec<Figure>> {
    let Some(chromium) = page_load::chromium() else {
        println!("SKIPPED how {path} loads: no Chromium found");
        return Ok(Vec::new());
    };
    let loads = page_load::measure(workspace, &chromium, server, session, path)?;
    Ok(vec![
        Figure {
            what: format!("module and scripts of {name}, brotli"),
            bound,
            measured: loads.bytes / 1024.0,
            unit: "KB",
            remark: "as loaded with an empty cache".to_owned(),
        },
        figure(&format!("{name} interactive, empty cache"), 1_000.0, &loads.cold),
        figure(&format!("{name} interactive, warm cache"), 1_000.0, &loads.warm),
    ])
}

/// From a key in the editor to the frame after everything that it set off.
fn typing(workspace: &Workspace, server: &Server, session: &Session) -> Result<Option<Figure>> {
    let Some(chromium) = page_load::chromium() else {
        println!("SKIPPED how SQL is typed: no Chromium found");
        return Ok(None);
    };
    let keys = script::times(workspace, &chromium, server, session, ("typing.mjs", "keys"))?;
    let what = format!("key in the SQL editor, {TABLES} tables to complete from");
    Ok(Some(with_late(figure(&what, 50.0, &keys), keys, 95)))
}

/// Frames while a long result scrolls; 60 in a second are one every 16.7 ms.
fn scrolling(workspace: &Workspace, server: &Server, session: &Session) -> Result<Option<Figure>> {
    let Some(chromium) = page_load::chromium() else {
        println!("SKIPPED how a result scrolls: no Chromium found");
        return Ok(None);
    };
    let frames = script::times(workspace, &chromium, server, session, ("scroll.mjs", "frames"))?;
    let what = "frame while 100,000 rows of a result scroll";
    Ok(Some(with_late(figure(what, 17.0, &frames), frames, 95)))
}

/// Megabytes that are resident, and those of them that are not shared with the binary's file.
fn memory(server: &Server) -> Result<[f64; 2]> {
    Ok([server.memory("VmRSS")?, server.memory("RssAnon")?])
}

fn idle(what: &str, measured: f64, remark: String) -> Figure {
    Figure { what: what.to_owned(), bound: Some(120.0), measured, unit: "MB", remark }
}

/// The median of times in milliseconds.
fn figure(what: &str, bound: f64, times: &[f64]) -> Figure {
    let (least, most) = range(times);
    let remark = format!("median of {}, {least:.1} – {most:.1}", times.len());
    let measured = median(times);
    Figure { what: what.to_owned(), bound: Some(bound), measured, unit: "ms", remark }
}

fn table(what: &str, figures: &[Figure], quick: bool) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let build = if quick { "**development build**" } else { "release build" };
    let mut lines = vec![
        format!("{what}; {build}; {cores} cores; loopback."),
        String::new(),
        "| what | budget | measured | | |".to_owned(),
        "|---|--:|--:|---|---|".to_owned(),
    ];
    for Figure { what, bound, measured, unit, remark } in figures {
        let (bound, kept) = match bound {
            None => ("–".to_owned(), "no bound"),
            Some(bound) if measured < bound => (format!("{bound} {unit}"), "kept"),
            Some(bound) => (format!("{bound} {unit}"), "**missed**"),
        };
        lines.push(format!("| {what} | {bound} | {measured:.1} {unit} | {kept} | {remark} |"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_budget_is_said_loudly() {
        let free = Figure { bound: None, ..figure("free", 0.0, &[7.0]) };
        let figures = [figure("page", 20.0, &[5.0]), figure("other", 20.0, &[50.0]), free];
        let table = table("Pages", &figures, false);
        assert!(table.contains("| page | 20 ms | 5.0 ms | kept |"), "{table}");
        assert!(table.contains("| other | 20 ms | 50.0 ms | **missed** |"), "{table}");
        assert!(table.contains("| free | – | 7.0 ms | no bound |"), "{table}");
    }
}
