//! What can be queried: databases, tables, columns. A click puts the name into the editor.

use leptos::prelude::*;

use super::page::EDITOR;
use crate::api::transformations::{SqlCatalog, SqlTable};
use crate::components::{Empty, editor_insert, icon};

/// Of so many tables all columns are in the page; of more, those of a table that was opened.
const FEW_TABLES: usize = 60;

/// The tables, with a search.
pub(super) fn schema(known: Option<SqlCatalog>) -> AnyView {
    let Some(known) = known.filter(|known| !known.databases.is_empty()) else {
        return view! {
            <Empty title="No tables yet">
                <p>"A table appears here when the first file of a source has been through its run."</p>
            </Empty>
        }
        .into_any();
    };
    let search = RwSignal::new(String::new());
    let keys = known.partition_keys;
    let few = known.databases.iter().map(|known| known.tables.len()).sum::<usize>() <= FEW_TABLES;
    let databases = known.databases.into_iter().map(|database| {
        let name = database.name;
        let tables = database
            .tables
            .into_iter()
            .map(|found| table(&name, found, &keys, search, few))
            .collect_view();
        view! {
            <section class="schema-database">
                <h3>{name}</h3>
                {tables}
            </section>
        }
    });
    let databases = databases.collect_view();
    view! {
        <input type="search" class="input" placeholder="Find a table or column" aria-label="Find a table or column"
            prop:value=search on:input=move |event| search.set(event_target_value(&event).to_lowercase()) />
        <div class="schema-list" tabindex="0" role="region" aria-label="Tables">{databases}</div>
    }
    .into_any()
}

fn table(
    database: &str,
    table: SqlTable,
    keys: &[String],
    search: RwSignal<String>,
    few: bool,
) -> AnyView {
    let full = format!("{database}.{}", table.name);
    let words = table.columns.iter().map(|column| column.name.as_str());
    let words = words.chain([full.as_str()]).collect::<Vec<_>>().join(" ").to_lowercase();
    let hidden = move || !search.with(|search| words.contains(search.trim()));
    let opened = RwSignal::new(few);
    let (own, keys) = (StoredValue::new(table.columns), StoredValue::new(keys.to_vec()));
    let columns = move || {
        opened.get().then(|| {
            let partition = "Partition key: filter on it to read less";
            let own = own.get_value().into_iter();
            let own = own.map(|found| column(found.name, found.column_type, found.comment));
            let keys = keys.get_value().into_iter();
            let keys =
                keys.map(|key| column(key, "partition".to_owned(), Some(partition.to_owned())));
            own.chain(keys).collect_view()
        })
    };
    let label = format!("Insert {full}");
    view! {
        <details class="schema-table" hidden=hidden on:toggle=move |_| opened.set(true)>
            <summary title=table.comment>
                <span class="schema-name">{table.name}</span>
                <span class="schema-type">{table.zone}</span>
            </summary>
            <button type="button" class="button button-quiet button-small schema-insert" aria-label=label
                on:click=move |_| editor_insert(EDITOR, &full)>{icon("plus")}"Insert its name"</button>
            <ul>{columns}</ul>
        </details>
    }
    .into_any()
}

fn column(name: String, column_type: String, note: Option<String>) -> AnyView {
    let inserted = name.clone();
    let title = note.unwrap_or_else(|| format!("Insert {name}"));
    view! {
        <li>
            <button type="button" class="schema-column" title=title
                on:click=move |_| editor_insert(EDITOR, &inserted)>
                <span class="schema-name">{name}</span><span class="schema-type">{column_type}</span>
            </button>
        </li>
    }
    .into_any()
}
