//! Placeholder.
use super::{Block, DecodeOptions, Layout, input::RawBytes};
use domain::{Result, column::Column};
use futures::{Stream, stream};
use std::sync::Arc;
pub(super) struct OpenedJsonLines;
pub(super) fn open(_: RawBytes, _: DecodeOptions) -> Result<OpenedJsonLines> {
    Ok(OpenedJsonLines)
}
impl OpenedJsonLines {
    pub(super) fn names(&self) -> &[String] {
        &[]
    }
    pub(super) fn decode(
        self,
        _: Arc<[Column]>,
    ) -> impl Stream<Item = Result<Block>> + Send + use<> {
        stream::empty()
    }
}
