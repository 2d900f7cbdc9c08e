//! Sending a file piece by piece, and going on after whatever interrupts it.

use gloo_net::http::{Request, Response};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::item::{Item, State};
use crate::api::Problem;
use crate::api::uploads::{BeginUpload, OFFSET_HEADER, UploadProgress};
use crate::components::toast;
use crate::place::in_environment;

/// Files sent at the same time.
const AT_ONCE: usize = 2;
/// Pieces are made so large that one takes about this long, in milliseconds.
const PIECE_MS: f64 = 1_000.0;
const SMALLEST_PIECE: u64 = 256 * 1024;
/// Pieces that fail in a row before the reader is asked.
const TRIES: u32 = 8;

/// Where a file goes.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) environment: String,
    pub(super) dataset: String,
}

/// Sends a file until it has landed or was aborted.
pub(super) async fn carry(item: Item, file: File, target: Target, all: RwSignal<Vec<Item>>) {
    while state(&item) == State::Waiting {
        if sending(all) < AT_ONCE {
            item.state.set(State::Sending);
        } else {
            sleep(300).await;
        }
    }
    loop {
        match send(&item, &file, &target).await {
            Ok(()) => return,
            Err(problem) => item.state.set(State::Failed(problem)),
        }
        // Until the reader tries again or gives up.
        while matches!(state(&item), State::Failed(_)) {
            sleep(300).await;
        }
        if gone(&item) {
            return;
        }
    }
}

/// The list may have left the page, and its signals with it.
fn state(item: &Item) -> State {
    item.state.try_get_untracked().unwrap_or(State::Paused)
}

fn gone(item: &Item) -> bool {
    item.state.is_disposed()
}

fn sending(all: RwSignal<Vec<Item>>) -> usize {
    let busy = |item: &&Item| matches!(state(item), State::Sending | State::Again);
    all.try_with_untracked(|all| all.iter().filter(busy).count()).unwrap_or_default()
}

async fn send(item: &Item, file: &File, target: &Target) -> Result<(), Problem> {
    let memory = Memory::of(file, target);
    let mut progress = begin(file, target, &memory).await?;
    item.replaces.set(progress.replaces);
    let (mut piece, mut failed) = (SMALLEST_PIECE * 4, 0);
    loop {
        if gone(item) {
            return Ok(());
        }
        item.sent.set(progress.offset);
        if let Some(run) = progress.run {
            memory.forget();
            if state(item) == State::Aborted {
                toast("calm", format!("{} had landed before it could be aborted.", file.name()));
            }
            item.state.set(State::Landed(run));
            return Ok(());
        }
        match state(item) {
            State::Aborted => return abort(target, &progress, &memory).await,
            State::Paused => {
                sleep(200).await;
                continue;
            }
            _ => {}
        }
        let begun = js_sys::Date::now();
        let size = piece.min(progress.chunk_bytes);
        match send_piece(file, target, &progress, size).await {
            Ok(next) => {
                let (sent, took) = (next.offset - progress.offset, js_sys::Date::now() - begun);
                note_rate(item, sent, took);
                piece = next_piece(piece, took, progress.chunk_bytes);
                (progress, failed) = (next, 0);
                if state(item) == State::Again {
                    item.state.set(State::Sending);
                }
            }
            Err(problem) if problem.status == 404 => {
                // It expired, or was aborted elsewhere: from the beginning.
                memory.forget();
                return Err(problem);
            }
            Err(problem) if may_pass(&problem) && failed < TRIES => {
                failed += 1;
                if state(item) == State::Sending {
                    item.state.set(State::Again);
                }
                sleep(500 << failed.min(6)).await;
                if let Ok(found) = ask(target, &progress.id.to_string()).await {
                    progress = found;
                }
            }
            Err(problem) => return Err(problem),
        }
    }
}

/// Goes on with the upload that this browser began before, or begins one.
async fn begin(file: &File, target: &Target, memory: &Memory) -> Result<UploadProgress, Problem> {
    if let Some(id) = memory.recall() {
        match ask(target, &id).await {
            Ok(progress) if progress.run.is_none() => return Ok(progress),
            Err(problem) if problem.status != 404 => return Err(problem),
            _ => memory.forget(),
        }
    }
    let dataset = target
        .dataset
        .parse()
        .map_err(|error: domain::Error| Problem::new(422, "invalid", error.message()))?;
    let new = BeginUpload { dataset, file_name: file.name(), size: file.size() as u64 };
    let path = in_environment(&target.environment, "/uploads");
    let progress: UploadProgress = crate::api::send("POST", path, &new).await?;
    memory.keep(&progress.id.to_string());
    Ok(progress)
}

async fn ask(target: &Target, id: &str) -> Result<UploadProgress, Problem> {
    crate::api::get(in_environment(&target.environment, &format!("/uploads/{id}"))).await
}

async fn send_piece(
    file: &File,
    target: &Target,
    progress: &UploadProgress,
    size: u64,
) -> Result<UploadProgress, Problem> {
    let end = (progress.offset + size).min(progress.size);
    let unreadable =
        |_| Problem::new(422, "unreadable", "The file cannot be read: choose it again.");
    let blob =
        file.slice_with_f64_and_f64(progress.offset as f64, end as f64).map_err(unreadable)?;
    let path = in_environment(&target.environment, &format!("/uploads/{}", progress.id));
    let request = Request::patch(&path)
        .header("Content-Type", "application/octet-stream")
        .header(OFFSET_HEADER, &progress.offset.to_string())
        .body(JsValue::from(blob))
        .map_err(|error| Problem::unreachable(error.to_string()))?;
    read(request.send().await).await
}

async fn abort(target: &Target, progress: &UploadProgress, memory: &Memory) -> Result<(), Problem> {
    memory.forget();
    let path = in_environment(&target.environment, &format!("/uploads/{}", progress.id));
    crate::api::send::<_, ()>("DELETE", path, &())
        .await
        .or_else(|problem| if problem.status == 404 { Ok(()) } else { Err(problem) })
}

async fn read(answer: Result<Response, gloo_net::Error>) -> Result<UploadProgress, Problem> {
    let answer = answer.map_err(|_| Problem::unreachable("The server cannot be reached."))?;
    let text = answer.text().await.unwrap_or_default();
    if answer.ok() {
        return serde_json::from_str(&text)
            .map_err(|error| Problem::unreachable(error.to_string()));
    }
    Err(serde_json::from_str(&text).unwrap_or_else(|_| {
        Problem::new(answer.status(), answer.status_text(), "The server gave no reason.")
    }))
}

/// Whether the same piece may get through later, at the offset that the server then tells.
fn may_pass(problem: &Problem) -> bool {
    matches!(problem.status, 0 | 408 | 409 | 429 | 500 | 502 | 503 | 504)
}

fn note_rate(item: &Item, sent: u64, took: f64) {
    let now = sent as f64 / (took.max(1.0) / 1000.0);
    let before = item.rate.get_untracked();
    item.rate.set(if before > 0.0 { before * 0.7 + now * 0.3 } else { now });
}

fn next_piece(piece: u64, took: f64, largest: u64) -> u64 {
    let wanted = match took {
        _ if took < PIECE_MS / 2.0 => piece * 2,
        _ if took > PIECE_MS * 3.0 => piece / 2,
        _ => piece,
    };
    wanted.clamp(SMALLEST_PIECE.min(largest), largest)
}

/// The id of a file's upload, kept by the browser over reloads.
struct Memory(String);

impl Memory {
    /// A file is taken for the same when its name, size and time of change are.
    fn of(file: &File, target: &Target) -> Self {
        let Target { environment, dataset } = target;
        let (name, size, changed) = (file.name(), file.size(), file.last_modified());
        Self(format!("sluice-upload:{environment}:{dataset}:{size}:{changed}:{name}"))
    }

    fn recall(&self) -> Option<String> {
        storage()?.get_item(&self.0).ok()?
    }

    fn keep(&self, id: &str) {
        if let Some(storage) = storage() {
            let _ = storage.set_item(&self.0, id);
        }
    }

    fn forget(&self) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(&self.0);
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}

async fn sleep(milliseconds: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ =
            window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}
