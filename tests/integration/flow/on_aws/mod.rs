//! Mode `aws` against an emulator, over four accounts, by the real binary.

mod data;
mod faults;
mod site;
mod walk;
mod workbench;
