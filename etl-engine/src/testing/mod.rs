//! Contract suites, one per port, that every adapter runs.
