//! Rejected rows, with the value that did not fit marked in their raw text.

use leptos::prelude::*;

use super::words::reason_words;
use crate::api::quarantine::{MarkedText, RejectedRows, RejectedText};
use crate::components::{Empty, Pager};
use crate::format::count;

/// Characters before a value that its line shows.
const BEFORE: usize = 40;

/// One page of rows.
pub(super) fn rows_view(page: RejectedRows) -> AnyView {
    if page.rows.items.is_empty() {
        return view! {
            <Empty title="No such rows.">
                <p>"None of the kept rows are of this kind. Choose another reason or column."</p>
            </Empty>
        }
        .into_any();
    }
    let last = page.offset + page.rows.items.len() as u64;
    let place =
        format!("{} to {} of {}", count(page.offset + 1), count(last), count(page.matching));
    view! {
        {row_table(page.rows.items)}
        <p class="muted rows-place">{place}</p>
        <Pager next=page.rows.next />
    }
    .into_any()
}

/// Rows as a table; each opens to its whole text.
pub(super) fn row_table(rows: Vec<RejectedText>) -> AnyView {
    let rows = rows.into_iter().map(row_view).collect_view();
    view! {
        <div class="table-scroll"><table class="table rejected">
            <thead><tr>
                <th scope="col" class="number">"Line"</th>
                <th scope="col">"Why"</th>
                <th scope="col">"Raw text"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn row_view(row: RejectedText) -> AnyView {
    let column = row.column.map(|column| view! { <code>{column}</code> });
    let cut = row.raw.cut.then(|| {
        view! { <p class="muted">"Not all of the text is shown; the file has the rest."</p> }
    });
    let whole = marked(row.raw.clone());
    view! {
        <tr>
            <td class="number">{row.line}</td>
            <td class="why"><span>{reason_words(row.reason)}</span>{column}</td>
            <td>
                <details class="raw">
                    <summary><code class="raw-line">{marked(around_value(row.raw))}</code></summary>
                    <p>{row.detail}</p>
                    <pre class="raw-whole">{whole}</pre>
                    {cut}
                </details>
            </td>
        </tr>
    }
    .into_any()
}

/// One line has room for little text: what stands just before the value is what helps.
fn around_value(mut text: MarkedText) -> MarkedText {
    let length = text.before.chars().count();
    if text.value.is_some() && length > BEFORE {
        let rest: String = text.before.chars().skip(length - BEFORE).collect();
        text.before = format!("…{rest}");
    }
    text
}

fn marked(text: MarkedText) -> AnyView {
    let value = text.value.map(|value| match value.is_empty() {
        true => view! { <mark class="missing">"nothing"</mark> }.into_any(),
        false => view! { <mark>{value}</mark> }.into_any(),
    });
    view! { <span>{text.before}</span>{value}<span>{text.after}</span> }.into_any()
}
