//! Two environments side by side: SQL, sources, quality rules, tables, stacks; what differs, unless all is asked for.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::delivery::{Compared, ComparedFile, FileStanding};
use crate::api::get_some;
use crate::components::{Empty, PageHeader, SqlDiff, loaded, status_badge};
use crate::place::{in_environment, use_environment, use_me};

/// So many differences of a kind are open from the beginning.
const OPEN: usize = 3;

/// The page.
pub(crate) fn compare() -> impl IntoView {
    let (me, environment, query) = (use_me(), use_environment(), use_query_map());
    let others = move || {
        let here = environment.get();
        let names = me.environments.iter().map(ToString::to_string);
        names.filter(|name| *name != here).collect::<Vec<_>>()
    };
    let first = others.clone();
    let with = Memo::new(move |_| {
        let asked = query.with(|query| query.get("with"));
        asked.filter(|name| !name.is_empty()).or_else(|| first().into_iter().next())
    });
    let all = Memo::new(move |_| query.with(|query| query.get("all").is_some()));
    let compared = Resource::new(
        move || (environment.get(), with.get()),
        |(environment, with)| {
            let rest =
                |with: String| in_environment(&environment, &format!("/compare?with={with}"));
            let answer = get_some::<Compared>(with.map(rest));
            async move { answer.await.transpose() }
        },
    );
    let crumbs =
        vec![(format!("/{}/pipelines", environment.get_untracked()), "Pipelines".to_owned())];
    let show = move |compared: Option<Compared>| {
        match compared {
        Some(compared) => difference(&compared, all.get()),
        None => view! { <Empty title="There is one environment only"><p>"Nothing to compare it with."</p></Empty> }
            .into_any(),
    }
    };
    let choices = move || {
        let now = with.get();
        let choice = |name: String| {
            let (selected, text) = (now.as_deref() == Some(name.as_str()), name.clone());
            view! { <option value=name selected=selected>{text}</option> }
        };
        others().into_iter().map(choice).collect_view()
    };
    view! {
        <PageHeader title="Compare" crumbs=crumbs lead="Two environments side by side: what each runs, and what it holds." />
        <form class="filters" method="get">
            <div class="field">
                <label for="compare-with">{move || format!("Compare {} with", environment.get())}</label>
                <select id="compare-with" name="with">{choices}</select>
            </div>
            <label class="check compare-all"><input type="checkbox" name="all" value="1" checked=move || all.get() /><span>"Show what is the same too"</span></label>
            <button type="submit" class="button button-primary">"Compare"</button>
        </form>
        {loaded(compared, 8, show)}
    }
}

fn difference(compared: &Compared, all: bool) -> AnyView {
    let (left, right) = (compared.left.to_string(), compared.right.to_string());
    let kinds = [
        ("Transformations", &compared.transformations),
        ("Sources", &compared.sources),
        ("Quality rules", &compared.quality),
        ("Tables", &compared.tables),
        ("Stacks", &compared.stacks),
    ];
    let sections = kinds.map(|(title, files)| section(title, files, (&left, &right), all));
    view! { <div class="stack">{sections}</div> }.into_any()
}

fn section(title: &'static str, files: &[ComparedFile], sides: (&str, &str), all: bool) -> AnyView {
    let differ = files.iter().filter(|file| file.standing != FileStanding::Same).count();
    let note = match (files.len(), differ) {
        (0, _) => "none in either".to_owned(),
        (many, 0) => format!("{many}, all the same"),
        (many, differ) => format!("{differ} of {many} differ"),
    };
    let shown = files.iter().filter(|file| all || file.standing != FileStanding::Same);
    let items = shown.enumerate().map(|(at, file)| item(file, sides, at < OPEN));
    let items: Vec<_> = items.collect();
    let body = match items.is_empty() {
        true => view! { <p class="muted">"No difference."</p> }.into_any(),
        false => view! { <ul class="file-changes">{items}</ul> }.into_any(),
    };
    view! {
        <section class="card">
            <header class="card-header"><h2>{title}</h2><span class="muted">{note}</span></header>
            <div class="card-body">{body}</div>
        </section>
    }
    .into_any()
}

fn item(file: &ComparedFile, (left, right): (&str, &str), open: bool) -> AnyView {
    let (tone, word) = match file.standing {
        FileStanding::Same => ("calm", "same".to_owned()),
        FileStanding::Differs => ("wait", "differs".to_owned()),
        FileStanding::OnlyLeft => ("busy", format!("only in {left}")),
        FileStanding::OnlyRight => ("busy", format!("only in {right}")),
    };
    let text = |side: &Option<String>| Signal::stored(side.clone().unwrap_or_default());
    let (before, after) = (text(&file.left), text(&file.right));
    let body = match file.standing {
        FileStanding::Same => {
            view! { <pre class="run-sql">{file.left.clone().unwrap_or_default()}</pre> }.into_any()
        }
        _ => view! {
            <SqlDiff label_before=Signal::stored(left.to_owned()) before=before
                label_after=Signal::stored(right.to_owned()) after=after />
        }
        .into_any(),
    };
    let open = open && file.standing != FileStanding::Same;
    view! {
        <li><details class="details file-change" open=open>
            <summary><code>{file.name.clone()}</code>{status_badge(tone, word)}</summary>
            {body}
        </details></li>
    }
    .into_any()
}
