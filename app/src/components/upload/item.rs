//! One file of an upload list.

use domain::run::RunId;
use leptos::prelude::*;

use crate::api::Problem;

/// Where a file stands. Buttons set it, the sender follows; and the other way round.
#[derive(Clone, PartialEq)]
// The server renders none of the later states.
#[cfg_attr(feature = "ssr", allow(dead_code))]
pub(super) enum State {
    /// Other files go first.
    Waiting,
    Sending,
    Paused,
    /// The last piece did not get through; the sender waits a little.
    Again,
    Landed(RunId),
    Failed(Problem),
    Aborted,
}

/// A file of the list.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) number: u64,
    pub(super) name: String,
    /// Its bytes.
    pub(super) size: u64,
    /// Bytes that the server has.
    pub(super) sent: RwSignal<u64>,
    /// Bytes a second, smoothed; 0 while not known.
    pub(super) rate: RwSignal<f64>,
    pub(super) state: RwSignal<State>,
    /// Whether it replaces a file of the same name.
    pub(super) replaces: RwSignal<bool>,
}

#[cfg_attr(feature = "ssr", allow(dead_code))]
impl Item {
    pub(super) fn new(number: u64, name: String, size: u64) -> Self {
        Self {
            number,
            name,
            size,
            sent: RwSignal::new(0),
            rate: RwSignal::new(0.0),
            state: RwSignal::new(State::Waiting),
            replaces: RwSignal::new(false),
        }
    }
}
