//! Points in time: absolute in UTC from the server, relative once the browser is awake.

use jiff::Timestamp;
use leptos::prelude::*;

/// `2020-08-05 14:03:09 UTC`.
pub fn absolute(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((text.as_str(), ""));
    format!("{day} {} UTC", rest.get(..8).unwrap_or_default())
}

/// A point in time. The HTML of the server says it absolutely; the browser then shows how long ago
/// it was, with the absolute time in the tooltip, and keeps that fresh.
#[component]
pub fn RelativeTime(
    /// When.
    at: Timestamp,
) -> impl IntoView {
    let full = absolute(at);
    let (text, set_text) = signal(full.clone());
    Effect::new(move |_| set_text.set(ago(at, use_now().get())));
    view! { <time class="time" datetime=at.to_string() title=full>{text}</time> }
}

/// The time by the browser's clock in seconds since 1970, renewed every few seconds. One for all,
/// and of no component, so that it outlives each.
fn use_now() -> ArcRwSignal<i64> {
    #[cfg(not(feature = "ssr"))]
    {
        thread_local! {
            static NOW: ArcRwSignal<i64> = start_clock();
        }
        NOW.with(Clone::clone)
    }
    #[cfg(feature = "ssr")]
    ArcRwSignal::new(0)
}

#[cfg(not(feature = "ssr"))]
fn start_clock() -> ArcRwSignal<i64> {
    let read = || (js_sys::Date::now() / 1000.0) as i64;
    let now = ArcRwSignal::new(read());
    let kept = now.clone();
    let renew = move || kept.set(read());
    let _ = set_interval_with_handle(renew, std::time::Duration::from_secs(5));
    now
}

fn ago(at: Timestamp, now: i64) -> String {
    let passed = now - at.as_second();
    match passed {
        ..-5 => absolute(at),
        -5..5 => "just now".to_owned(),
        5..60 => format!("{passed} s ago"),
        60..3600 => format!("{} min ago", passed / 60),
        3600..86_400 => format!("{} h ago", passed / 3600),
        86_400..1_209_600 => format!("{} d ago", passed / 86_400),
        _ => absolute(at).get(..10).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        let at: Timestamp = "2020-08-05T14:03:09.25Z".parse().unwrap();
        assert_eq!(absolute(at), "2020-08-05 14:03:09 UTC");
        let told = [0, 59, 61, 7300, 90_000, 2_000_000].map(|s| ago(at, at.as_second() + s));
        assert_eq!(told, ["just now", "59 s ago", "1 min ago", "2 h ago", "1 d ago", "2020-08-05"]);
    }
}
