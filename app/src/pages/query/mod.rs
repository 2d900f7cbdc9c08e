//! The query workbench: tabs, editor, results, charts, comparisons, history, saved queries.

mod bar;
mod bench;
mod chart;
mod chart_data;
mod compare;
mod history;
mod page;
mod result;
mod saved;
mod schema;
mod tabs;
mod words;

pub(crate) use page::query;
