//! A file of the reader's computer as a sample: its beginning is sent to the server.

use leptos::ev::{DragEvent, Event};

use super::draft::Draft;

/// Takes the file that was chosen in an input.
#[cfg(not(feature = "ssr"))]
pub(super) fn take_chosen(draft: Draft, event: &Event) {
    let input: web_sys::HtmlInputElement = leptos::prelude::event_target(event);
    if let Some(file) = input.files().and_then(|files| files.get(0)) {
        send(draft, file);
    }
}

/// Takes the file that was dropped.
#[cfg(not(feature = "ssr"))]
pub(super) fn take_dropped(draft: Draft, event: &DragEvent) {
    let files = event.data_transfer().and_then(|data| data.files());
    if let Some(file) = files.and_then(|files| files.get(0)) {
        send(draft, file);
    }
}

#[cfg(not(feature = "ssr"))]
fn send(draft: Draft, file: web_sys::File) {
    use crate::api::Problem;
    use crate::api::samples::{MAX_SAMPLE_BYTES, Sample, UploadedSample};
    use gloo_net::http::Request;
    use leptos::prelude::*;

    draft.busy.set(true);
    draft.problem.set(None);
    let path = crate::place::in_environment(&draft.environment.get_untracked(), "/source-samples");
    leptos::task::spawn_local(async move {
        let name = file.name();
        // One byte more tells the server that there is more.
        let end = file.size().min((MAX_SAMPLE_BYTES + 1) as f64);
        let sent = async {
            let head = file.slice_with_f64_and_f64(0.0, end).ok()?;
            let request = Request::post(&path).header("Content-Type", "application/octet-stream");
            let answer = request.body(head).ok()?.send().await.ok()?;
            Some((answer.ok(), answer.text().await.unwrap_or_default()))
        };
        let unreachable = || {
            Problem::unreachable(
                "The file could not be sent: is it still there, and are you online?",
            )
        };
        let kept = match sent.await {
            Some((true, text)) => {
                serde_json::from_str::<UploadedSample>(&text).map_err(|_| unreachable())
            }
            Some((false, text)) => {
                Err(serde_json::from_str(&text).unwrap_or_else(|_| unreachable()))
            }
            None => Err(unreachable()),
        };
        match kept {
            Ok(kept) => draft.look_at(Sample::Upload { id: kept.id, name }, None),
            Err(problem) => {
                draft.problem.set(Some(problem));
                draft.busy.set(false);
            }
        }
    });
}

/// Only browsers have files.
#[cfg(feature = "ssr")]
pub(super) fn take_chosen(_draft: Draft, _event: &Event) {}

/// Only browsers have files.
#[cfg(feature = "ssr")]
pub(super) fn take_dropped(_draft: Draft, _event: &DragEvent) {}
