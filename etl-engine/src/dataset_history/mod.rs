//! What a dataset was over time: its days, and the rows of its runs.

mod calendar;
mod outlier;
mod rows_per_run;

pub use calendar::{Calendar, CalendarDay, calendar};
pub use outlier::outlier;
pub use rows_per_run::{RunRows, rows_per_run};
