//! Waves of files with somebody looking on (promises F1 and F5), short enough for every build.
//! `cargo xtask bench --load` does the same with the release build and thousands of files.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::lake::{file, files_below};
use crate::support::serve::ServeProcess;
use crate::support::sluice::{PATIENCE, sluice};

const DATASETS: usize = 4;
const WAVES: usize = 4;
const FILES: usize = 32;
/// For the development build beside other tests; the release build has 500 ms.
const P99: Duration = Duration::from_secs(3);

/// What a server holds when it has nothing to do.
#[derive(Debug)]
struct Held {
    descriptors: usize,
    resident_megabytes: u64,
    log_megabytes: u64,
    staged: usize,
    temporary: usize,
}

#[test]
fn f1_f5_waves_of_files_lose_none_keep_the_console_quick_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    register(folder.path());
    let settings = [("SLUICE_SERVER__METRICS", "open"), ("TMPDIR", temporary.to_str().unwrap())];
    let server = ServeProcess::start(folder.path(), &settings);
    let session = server.sign_in();
    let done = AtomicBool::new(false);
    let (times, held) = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_on(&server, &session, &done));
        let mut held = Vec::new();
        for wave in 1..=WAVES {
            drop_files(folder.path(), wave);
            wait_for(&server, wave * FILES);
            held.push(measure(&server, folder.path(), &temporary));
        }
        done.store(true, Ordering::Relaxed);
        (looking.join().unwrap(), held)
    });
    let late = times[times.len() * 99 / 100];
    assert!(late < P99, "99 of 100 answers should come within {P99:?}, not {late:?}");
    none_is_lost(&server, &session);
    let [.., before, after] = &held[..] else { panic!("{held:?}") };
    assert!(after.descriptors <= before.descriptors + 8, "{held:#?}");
    assert!(after.resident_megabytes <= before.resident_megabytes + 48, "{held:#?}");
    assert!(after.log_megabytes <= 16, "{held:#?}");
    assert_eq!((after.staged, after.temporary), (0, 0), "{held:#?}");
}

fn register(data: &Path) {
    let sample = data.join("sample.csv");
    std::fs::write(&sample, file([(1, 1), (2, 2)])).unwrap();
    for number in 0..DATASETS {
        let dataset = format!("shop/table_{number}");
        let from = ["sources", "register", "--from", sample.to_str().unwrap()];
        let made = sluice(data, &[&from[..], &["--dataset", &dataset]].concat());
        assert!(made.status.success(), "{made:?}");
    }
}

fn drop_files(data: &Path, wave: usize) {
    for number in 0..FILES {
        let folder = data.join(format!("dev/raw/shop/table_{}", number % DATASETS));
        std::fs::create_dir_all(&folder).unwrap();
        let rows = (1..20).map(|id| (id, 1 + (id % 20) as u8));
        std::fs::write(folder.join(format!("{wave}-{number}.csv")), file(rows)).unwrap();
    }
}

/// Waits until so many runs have succeeded and none is under way.
fn wait_for(server: &ServeProcess, runs: usize) {
    let begin = Instant::now();
    let wanted = format!("sluice_runs{{environment=\"dev\",status=\"SUCCEEDED\"}} {runs}\n");
    loop {
        let text = server.get("/metrics", "").body;
        if text.contains(&wanted) {
            return;
        }
        assert!(!text.contains("status=\"FAILED\""), "{text}");
        assert!(begin.elapsed() < PATIENCE * 3, "{runs} runs do not end: {text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Looks at pages until everything is done. How long each took, sorted.
fn look_on(server: &ServeProcess, session: &str, done: &AtomicBool) -> Vec<Duration> {
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        for path in ["/dev", "/dev/runs", "/api/v1/environments/dev/runs", "/dev/sources"] {
            let begin = Instant::now();
            let reply = server.get(path, session);
            times.push(begin.elapsed());
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    times.sort();
    times
}

fn none_is_lost(server: &ServeProcess, session: &str) {
    let list = server.get("/api/v1/environments/dev/runs?limit=200", session).json();
    let runs = list["items"].as_array().unwrap();
    let keys: BTreeSet<_> = runs.iter().map(|run| run["key"].as_str().unwrap()).collect();
    assert_eq!((runs.len(), keys.len()), (WAVES * FILES, WAVES * FILES), "each file once");
    assert!(runs.iter().all(|run| run["rows_written"] == 19), "{list}");
}

fn measure(server: &ServeProcess, data: &Path, temporary: &Path) -> Held {
    let process = format!("/proc/{}", server.id());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    let log = std::fs::metadata(data.join("sluice.sqlite-wal")).map_or(0, |file| file.len());
    let staged = ["conformed", "purpose-built"]
        .map(|zone| files_below(&data.join("dev").join(zone).join("_staging")).len());
    Held {
        descriptors: std::fs::read_dir(format!("{process}/fd")).unwrap().count(),
        resident_megabytes: kilobytes / 1024,
        log_megabytes: log >> 20,
        staged: staged.iter().sum(),
        temporary: files_below(temporary).len(),
    }
}
