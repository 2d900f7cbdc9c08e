//! The rules of approvals.
