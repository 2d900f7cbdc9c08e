//! The Sluice server: command line, composition of adapters, demo.

pub mod demo;
