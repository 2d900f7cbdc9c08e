//! The delivery flow as several pages show it: lanes, commits, where an execution stands.

mod lanes;
mod words;

pub use lanes::{commit_list, lanes};
pub use words::{cause_words, commit_line, execution_link, execution_status, short, stage_title};
