//! The log of an execution: of all stages or of one, growing while it goes on.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::delivery::{ExecutionLog, LogEntry};
use crate::api::{Problem, get};
use crate::components::{Card, loaded, stage_title};

/// The log of the page. Copies share it.
#[derive(Clone, Copy)]
pub(super) struct Log {
    path: Memo<String>,
    shown: Resource<Result<ExecutionLog, Problem>>,
    asking: RwSignal<bool>,
    follow: RwSignal<bool>,
    place: NodeRef<leptos::html::Div>,
}

impl Log {
    /// `path` is the execution's in the API.
    pub(super) fn new(path: Memo<String>) -> Self {
        let first = move || format!("{}/log?after=0", path.get());
        Self {
            path,
            shown: Resource::new(first, get::<ExecutionLog>),
            asking: RwSignal::new(false),
            follow: RwSignal::new(true),
            place: NodeRef::new(),
        }
    }

    /// Asks for what came after the last line that is shown, until there is no more.
    pub(super) fn more(self) {
        // Not as a resource: nothing is rendered from what is read here.
        let inner: &AsyncDerived<Result<ExecutionLog, Problem>> = &self.shown;
        let Some(Ok(mut log)) = inner.try_get_untracked().flatten() else { return };
        if self.asking.get_untracked() {
            return;
        }
        self.asking.set(true);
        let path = self.path.get_untracked();
        spawn_local(async move {
            loop {
                let after = format!("{path}/log?after={}", log.cursor);
                let Ok(fresh) = get::<ExecutionLog>(after).await else { break };
                let still_here = self.path.try_get_untracked().is_some_and(|now| now == path);
                if fresh.lines.is_empty() || !still_here {
                    break;
                }
                log.cursor = fresh.cursor;
                log.lines.extend(fresh.lines);
                self.shown.set(Some(Ok(log.clone())));
                self.scroll();
            }
            let _ = self.asking.try_set(false);
        });
    }

    /// Shows the last line, unless the reader wants to stay where they are.
    fn scroll(self) {
        request_animation_frame(move || {
            let place = self.place.try_get_untracked().flatten();
            if let Some(place) = place.filter(|_| self.follow.get_untracked()) {
                place.set_scroll_top(place.scroll_height());
            }
        });
    }

    /// The card; of one stage if `stage` names one.
    pub(super) fn view(self, stage: Memo<String>) -> AnyView {
        let show = move |log: ExecutionLog| self.card(log, &stage.get());
        loaded(self.shown, 4, show)
    }

    fn card(self, log: ExecutionLog, stage: &str) -> AnyView {
        let of_stage = |line: &LogEntry| stage.is_empty() || line.stage.as_str() == stage;
        let lines: Vec<_> = log.lines.into_iter().filter(of_stage).collect();
        let whole = (!stage.is_empty()).then(|| view! { <a href="?#log">"Show the whole log"</a> });
        let empty = lines.is_empty();
        let title = if stage.is_empty() { "Log".to_owned() } else { format!("Log of {stage}") };
        let rows = lines.into_iter().map(row).collect_view();
        let body = match empty {
            true => view! { <p class="muted">"Nothing was said yet."</p> }.into_any(),
            false => view! {
                <div class="table-scroll execution-log" tabindex="0" role="region" aria-label="Log" node_ref=self.place>
                    <table class="table run-log">
                        <thead class="visually-hidden">
                            <tr><th scope="col">"Time"</th><th scope="col">"Stage"</th><th scope="col">"What happened"</th></tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }
            .into_any(),
        };
        view! {
            <div id="log"><Card title=title note="Times in UTC">
                <div class="row execution-log-bar">
                    <label class="check"><input type="checkbox" prop:checked=self.follow
                        on:change=move |event| self.follow.set(event_target_checked(&event)) /><span>"Follow new lines"</span></label>
                    {whole}
                </div>
                {body}
            </Card></div>
        }
        .into_any()
    }
}

fn row(line: LogEntry) -> AnyView {
    let at = line.at.to_string();
    let clock = at.split_once('T').map_or("", |(_, clock)| clock);
    let clock = clock.get(..12).unwrap_or(clock).trim_end_matches('Z').to_owned();
    view! {
        <tr>
            <td class="mono nowrap"><time datetime=at.clone() title=at.clone()>{clock}</time></td>
            <td class="run-log-level nowrap">{stage_title(line.stage)}</td>
            <td class="run-log-text">{line.text}</td>
        </tr>
    }
    .into_any()
}
