//! Mode `aws` against an emulator, over four accounts, by the real binary.

mod site;
mod walk;
