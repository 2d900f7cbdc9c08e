//! The pieces that pages are made of. Their looks are in `style/`, by the same names.

mod calendar;
mod card;
mod copy;
mod delivery;
mod dialog;
mod grid;
mod icon;
mod lineage;
mod loaded;
mod pager;
mod palette;
mod quality;
mod shell;
mod sql_editor;
mod state;
mod time;
mod toast;
mod upload;

pub use calendar::Calendar;
pub use card::{Card, PageHeader, Stat};
pub use copy::CopyButton;
pub use delivery::{
    cause_words, commit_line, commit_list, execution_link, execution_status, lanes, short,
    stage_title,
};
pub use dialog::{Dialog, close_dialog, open_dialog};
pub use grid::{Arranged, ResultGrid};
pub use icon::icon;
pub use lineage::{dataset_lineage, lineage_graph};
pub use loaded::{loaded, rows_skeleton};
pub use pager::Pager;
pub use quality::{judgements, table_quality, verdict_badge};
pub use shell::ConsoleShell;
pub use sql_editor::{
    EditorKeys, SqlDiff, SqlEditor, editor_go_to, editor_insert, editor_replace, load_elements,
};
pub use state::{Empty, failure, failure_line, run_status, status_badge};
pub use time::{RelativeTime, absolute};
pub use toast::{provide_toasts, toast, toast_problem};
pub use upload::Upload;
