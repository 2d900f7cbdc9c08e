//! What is kept, and how long.

use leptos::prelude::*;

use super::tabs;
use crate::api::get;
use crate::api::settings::{Retention, RetentionRule};
use crate::components::{PageHeader, loaded};

/// The page.
pub(crate) fn retention() -> impl IntoView {
    let found = Resource::new(|| "/api/v1/retention".to_owned(), get::<Retention>);
    view! {
        <PageHeader title="Settings" lead="What is kept, and how long. Change it in the configuration of the server, then restart it." />
        {tabs("/settings/retention")}
        {loaded(found, 6, table)}
    }
}

fn table(found: Retention) -> AnyView {
    view! {
        <div class="card"><div class="table-scroll"><table class="table retention">
            <caption class="visually-hidden">"Retention"</caption>
            <thead><tr>
                <th scope="col">"What"</th>
                <th scope="col">"Kept"</th>
                <th scope="col">"And then"</th>
                <th scope="col">"Configured by"</th>
            </tr></thead>
            <tbody>{found.rules.into_iter().map(row).collect_view()}</tbody>
        </table></div></div>
    }
    .into_any()
}

fn row(rule: RetentionRule) -> AnyView {
    let key = match rule.key {
        Some(key) => view! { <code>{key}</code> }.into_any(),
        None => view! { <span class="muted">"not configurable"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{rule.what}</th>
            <td class="nowrap">{rule.kept_seconds.map_or_else(|| "for ever".to_owned(), length)}</td>
            <td>{rule.note}</td>
            <td>{key}</td>
        </tr>
    }
    .into_any()
}

/// A length in the largest unit that leaves nothing over.
fn length(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits =
        UNITS.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    let (count, name) = fits.map_or((seconds, "second"), |(unit, name)| (seconds / unit, name));
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_the_unit_that_fits() {
        let told = [86_400 * 30, 3_600 * 36, 3_600, 61].map(length);
        assert_eq!(told, ["30 days", "36 hours", "1 hour", "61 seconds"]);
    }
}
