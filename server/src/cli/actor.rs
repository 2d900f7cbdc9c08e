//! Who acts, for the ledger and for versions.

/// The name of the person at this terminal.
pub(super) fn actor() -> String {
    std::env::var("SLUICE_ACTOR")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "command line".to_owned())
}
