//! The console: Leptos pages and the types of the API that they read.
