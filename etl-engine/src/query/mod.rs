//! Queries: untrusted SQL over the catalog, inside a sandbox.
