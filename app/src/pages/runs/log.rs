//! What happened in a run, line by line.

use domain::run_log::{LogLevel, LogLine};
use leptos::prelude::*;

use crate::api::Page;
use crate::components::Card;

/// The log as a table.
pub(super) fn log(page: Page<LogLine>) -> AnyView {
    if page.items.is_empty() {
        return view! { <Card title="Log"><p class="muted">"Nothing happened yet: no attempt has begun."</p></Card> }.into_any();
    }
    let lines = page.items.into_iter().map(line).collect_view();
    view! {
        <Card title="Log" note="Times in UTC">
            <div class="table-scroll" tabindex="0" role="region" aria-label="Log">
                <table class="table run-log">
                    <thead class="visually-hidden">
                        <tr><th scope="col">"Time"</th><th scope="col">"Level"</th><th scope="col">"What happened"</th></tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </Card>
    }
    .into_any()
}

fn line(line: LogLine) -> AnyView {
    let at = line.at.to_string();
    let clock = at.split_once('T').map_or("", |(_, clock)| clock);
    let clock = clock.get(..12).unwrap_or(clock).trim_end_matches('Z').to_owned();
    let tone = match line.level {
        LogLevel::Info => "calm",
        LogLevel::Warning => "wait",
        LogLevel::Error => "bad",
    };
    let hop =
        line.hop.map(|hop| view! { <span class="muted">{super::steps::hop_title(hop)}": "</span> });
    view! {
        <tr data-tone=tone>
            <td class="mono nowrap"><time datetime=at.clone() title=at.clone()>{clock}</time></td>
            <td class="run-log-level">{line.level.as_str()}</td>
            <td class="run-log-text">{hop}{line.message}</td>
        </tr>
    }
    .into_any()
}
