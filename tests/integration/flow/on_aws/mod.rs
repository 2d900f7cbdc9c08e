//! Mode `aws` against an emulator, over four accounts, by the real binary.

mod data;
mod demo;
mod faults;
mod site;
mod stop;
mod walk;
mod workbench;
