//! A proposal for a file of JSON lines.

use std::collections::HashSet;

use domain::Result;
use domain::source::Format;

use super::super::decode::{Spooled, open, read_object};
use super::evidence::Habits;
use super::{Proposal, ProposeOptions, observe};

/// Reads the file twice: once for its keys, once for their values.
pub(super) async fn propose(
    spooled: &Spooled,
    head: &[u8],
    options: &ProposeOptions,
) -> Result<Proposal> {
    let reopen = || async { open(spooled.rewound()?, &Format::JsonLines, options.decode).await };
    let habits = Habits::default();
    let keys = observe(reopen().await?, &[], habits, options.bounds).await?.unknown_keys;
    let mut names = keys_in_order(head);
    let known: HashSet<String> = names.iter().cloned().collect();
    names.extend(keys.into_iter().filter(|key| !known.contains(key)));
    let observed = observe(reopen().await?, &names, habits, options.bounds).await?;
    Ok(observed.into_proposal(Format::JsonLines, &names))
}

/// The keys of the first lines, in the order in which they appear.
fn keys_in_order(head: &[u8]) -> Vec<String> {
    let (mut order, mut known) = (Vec::new(), HashSet::new());
    for line in head.split(|byte| *byte == b'\n') {
        let mut keys = Vec::new();
        let key = |key: std::borrow::Cow<'_, str>| {
            keys.push(key.into_owned());
            None::<()>
        };
        // Lines that are no objects, and the last one, which may be cut, say nothing.
        if read_object(line, key, |(), _| ()).is_ok() {
            order.extend(keys.into_iter().filter(|key| known.insert(key.clone())));
        }
    }
    order
}
