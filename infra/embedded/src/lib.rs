//! The embedded adapters of the delivery flow.
