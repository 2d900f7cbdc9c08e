//! Tables whose quality rules are broken.

use leptos::prelude::*;

use crate::api::overview::{Overview, QualityTrouble};
use crate::components::{Card, RelativeTime, verdict_badge};

/// A list of them.
pub(super) fn quality(environment: &str, overview: &Overview) -> AnyView {
    let all = format!("/{environment}/quality");
    if overview.quality.is_empty() {
        return view! {
            <Card title="What quality rules say">
                <p class="muted">"No rule was broken the last time it was checked. "<a href=all>"Rules of all tables"</a></p>
            </Card>
        }
        .into_any();
    }
    let items = overview.quality.iter().map(|trouble| entry(environment, trouble)).collect_view();
    view! {
        <Card title="What quality rules say">
            <ul class="entries">{items}</ul>
            <p class="entries-more"><a href=all>"Rules of all tables"</a></p>
        </Card>
    }
    .into_any()
}

fn entry(environment: &str, trouble: &QualityTrouble) -> AnyView {
    let QualityTrouble { database, table, last } = trouble;
    let rules = format!("/{environment}/quality/{database}/{table}");
    let run = format!("/{environment}/runs/{}", last.run);
    view! {
        <li>
            <div class="row">
                {verdict_badge(last.verdict)}
                <a href=rules>{format!("{database}.{table}")}</a>
                <span class="muted">{last.broken.join(", ")}</span>
                <span class="muted entries-end"><a href=run>"Run"</a>" "<RelativeTime at=last.judged_at /></span>
            </div>
        </li>
    }
    .into_any()
}
