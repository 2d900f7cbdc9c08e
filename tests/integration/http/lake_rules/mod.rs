//! What a lake repository says of its environments, applied: quality rules, notifications, approvals.

mod approvals;
mod notifications;
mod quality;
mod reminders;
mod team;
