//! An empty lake says how to begin.

use leptos::prelude::*;

use crate::api::overview::Overview;
use crate::components::Card;
use crate::format;

/// The two ways in.
pub(super) fn begin(environment: &str, overview: &Overview) -> AnyView {
    let new = format!("/{environment}/sources/new");
    let sources = format!("/{environment}/sources");
    let registered = match overview.sources {
        0 => "Drop a sample file, look at the columns it proposes, pin them.".to_owned(),
        1 => "One source is registered; its files can arrive.".to_owned(),
        many => format!("{} sources are registered; their files can arrive.", format::count(many)),
    };
    let known = (overview.sources > 0)
        .then(|| view! { <a class="button" href=sources>"See the sources"</a> });
    let folder = match overview.raw_folder.clone() {
        Some(folder) => view! {
            <p>"Put it below this folder; the first two folders name its dataset:"</p>
            <pre class="begin-path" tabindex="0">{format!("{folder}/<source_system>/<table>/<file>")}</pre>
        }
        .into_any(),
        None => view! {
            <p>"Put it into the raw zone; the first two folders of its key name its dataset:"</p>
            <pre class="begin-path" tabindex="0">"<source_system>/<table>/<file>"</pre>
        }
        .into_any(),
    };
    view! {
        <p class="begin-lead">"Nothing has arrived in this lake yet. Two steps make the first table."</p>
        <ol class="grid begin">
            <li><Card title="1. Register a source">
                <div class="stack">
                    <p>{registered}</p>
                    <p class="row"><a class="button button-primary" href=new>"Register a source"</a>{known}</p>
                </div>
            </Card></li>
            <li><Card title="2. Let a file arrive"><div class="stack">{folder}</div></Card></li>
        </ol>
    }
    .into_any()
}
