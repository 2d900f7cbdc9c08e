//! Promises F1 and F5: waves of small files with somebody looking on, and what the server keeps of
//! them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::client::Session;
use super::server::{Server, sluice};
use super::{Figure, table};
use crate::bench::stage::{clear, succeed};
use crate::workspace::Workspace;

const DATASETS: usize = 20;
/// Files of the burst, and of the waves after it, for what grows slowly.
const FILES: [usize; 9] = [2_000, 500, 500, 500, 500, 500, 500, 500, 500];
/// To try it out.
const FEW_FILES: [usize; 3] = [100, 40, 40];
/// A run takes this long at the very most.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);
const PAGES: [&str; 4] =
    ["/dev", "/dev/runs", "/dev/sources", "/api/v1/environments/dev/runs?limit=50"];

/// What a server holds while it has nothing to do.
struct Held {
    descriptors: f64,
    megabytes: f64,
    log_megabytes: f64,
    temporary: f64,
}

/// Measures and returns the table. `quick`: with the development build, to try it out.
pub(crate) fn measure(workspace: &Workspace, quick: bool) -> Result<String> {
    let files = if quick { &FEW_FILES[..] } else { &FILES[..] };
    let program = workspace.build_sluice(!quick)?;
    let folder = workspace.target().join("bench-load");
    clear(&folder)?;
    let temporary = folder.join("tmp");
    fs::create_dir(&temporary).context("cannot make a folder for temporary files")?;
    let site = empty_site(&folder)?;
    register(&program, &folder)?;
    let server = Server::start_with(&program, &folder, &site, &temporary)?;
    let session = Session::begin(&server)?;
    let done = AtomicBool::new(false);
    let (times, seconds, held) = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_on(&session, &done));
        let worked = waves(files, &session, &server, &folder, &temporary);
        done.store(true, Ordering::Relaxed);
        let times = looking.join().map_err(|_| anyhow::anyhow!("the reader broke off"))??;
        let (seconds, held) = worked?;
        Ok::<_, anyhow::Error>((times, seconds, held))
    })?;
    drop(server);
    let figures = figures(&times, seconds, &held)?;
    clear(&folder)?;
    let runs: usize = files.iter().sum();
    let what = format!(
        "A burst of {} files over {DATASETS} datasets, then {} smaller waves, each run to its end; \
         none of {runs} was lost. One reader asks for pages all the time, each on a connection of \
         its own",
        files.first().copied().unwrap_or_default(),
        files.len() - 1
    );
    Ok(table(&what, &figures, quick))
}

/// No browser loads what pages name: the manifest is enough.
fn empty_site(folder: &Path) -> Result<PathBuf> {
    let site = folder.join("site");
    fs::create_dir_all(site.join("assets")).context("cannot make a folder for the site")?;
    let manifest = r#"{"style":"s.css","script":"s.js","module":"m.wasm","loader":"l.js","parts":{},
         "icon":"i.svg","sql_editor":"e.js","fonts":[]}"#;
    fs::write(site.join("manifest.json"), manifest).context("cannot write the manifest")?;
    Ok(site)
}

fn register(program: &Path, data: &Path) -> Result<()> {
    let sample = data.join("sample.csv");
    fs::write(&sample, "id,on_date,amount\n1,2020-08-01,0.5\n").context("no sample")?;
    for number in 0..DATASETS {
        let mut command = sluice(program, data);
        command.args(["sources", "register", "--from"]).arg(&sample);
        command.args(["--dataset", &format!("shop/table_{number}")]);
        succeed(command)?;
    }
    Ok(())
}

/// The burst and the waves: seconds that the burst took, and what was held after each.
fn waves(
    files: &[usize],
    session: &Session,
    server: &Server,
    data: &Path,
    temporary: &Path,
) -> Result<(f64, Vec<Held>)> {
    let (mut runs, mut held, mut seconds) = (0, Vec::new(), 0.0);
    for (wave, files) in files.iter().copied().enumerate() {
        println!("wave {wave}: {files} files");
        let begin = Instant::now();
        drop_files(data, wave, files)?;
        runs += files;
        wait_for(session, runs)?;
        if wave == 0 {
            seconds = begin.elapsed().as_secs_f64();
        }
        held.push(measured(server, data, temporary)?);
    }
    Ok((seconds, held))
}

fn drop_files(data: &Path, wave: usize, files: usize) -> Result<()> {
    let rows: String = (1..=20).map(|id| format!("{id},2020-08-{id:02},{id}.25\n")).collect();
    let text = format!("id,on_date,amount\n{rows}");
    for number in 0..files {
        let folder = data.join(format!("dev/raw/shop/table_{}", number % DATASETS));
        fs::create_dir_all(&folder).context("cannot make a folder of the raw zone")?;
        let path = folder.join(format!("{wave}-{number}.csv"));
        fs::write(path, &text).context("cannot drop a file")?;
    }
    Ok(())
}

/// Waits until so many runs have succeeded; none may fail.
fn wait_for(session: &Session, runs: usize) -> Result<()> {
    let begin = Instant::now();
    loop {
        let overview = session.text("/api/v1/environments/dev/overview")?;
        let overview: Value = serde_json::from_str(&overview).context("no overview")?;
        let count = |status: &str| {
            let statuses = overview["statuses"].as_array().into_iter().flatten();
            let found = statuses.filter(|one| one["status"] == status);
            found.filter_map(|one| one["runs"].as_u64()).sum::<u64>()
        };
        ensure!(count("FAILED") == 0, "a run failed: {overview}");
        if count("SUCCEEDED") == runs as u64 {
            return Ok(());
        }
        let patience = PATIENCE * u32::try_from(runs)?;
        ensure!(begin.elapsed() < patience, "{runs} runs do not end: {overview}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Asks for pages until everything is done: milliseconds of each, sorted.
fn look_on(session: &Session, done: &AtomicBool) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        for path in PAGES {
            let answer = session.get(path)?;
            ensure!(answer.status == 200, "{path} answered {}", answer.status);
            times.push(answer.first_byte.as_secs_f64() * 1e3);
        }
        std::thread::sleep(PAUSE);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn measured(server: &Server, data: &Path, temporary: &Path) -> Result<Held> {
    let log = fs::metadata(data.join("sluice.sqlite-wal")).map_or(0, |file| file.len());
    let mut find = Command::new("find");
    find.arg(temporary).args(["-type", "f"]);
    let left = find.output().context("cannot look for temporary files")?.stdout;
    Ok(Held {
        descriptors: server.descriptors()? as f64,
        megabytes: server.memory("VmRSS")?,
        log_megabytes: log as f64 / f64::from(1 << 20),
        temporary: left.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as f64,
    })
}

fn figures(times: &[f64], seconds: f64, held: &[Held]) -> Result<Vec<Figure>> {
    let (Some(first), Some(last)) = (held.first(), held.last()) else {
        anyhow::bail!("nothing was measured")
    };
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let grown = |what: &str, bound: f64, of: fn(&Held) -> f64, unit| Figure {
        what: what.to_owned(),
        bound: Some(bound),
        measured: of(last) - of(first),
        unit,
        remark: format!("{:.0} after the burst, {:.0} at the end", of(first), of(last)),
    };
    let late = Figure {
        what: "console meanwhile, 99 of 100 answers begin within".to_owned(),
        bound: Some(500.0),
        measured: at(99),
        unit: "ms",
        remark: format!("{} answers, median {:.1}", times.len(), at(50)),
    };
    let left = Figure {
        what: "temporary files left".to_owned(),
        bound: Some(1.0),
        measured: last.temporary,
        unit: "",
        remark: format!("the burst was worked off in {seconds:.0} s"),
    };
    Ok(vec![
        late,
        grown("memory that the waves added", 64.0, |held| held.megabytes, "MB"),
        grown("file descriptors that they added", 10.0, |held| held.descriptors, ""),
        grown("write-ahead log that they added", 16.0, |held| held.log_megabytes, "MB"),
        left,
    ])
}
