//! The dataset that a path names.

use domain::Result;
use domain::dataset::DatasetId;
use serde::Deserialize;

/// The dataset of the path; its names are checked before they are used for anything.
#[derive(Debug, Deserialize)]
pub(crate) struct DatasetPath {
    system: String,
    table: String,
}

impl DatasetPath {
    /// [`domain::ErrorKind::Invalid`] when the names cannot be those of a dataset.
    pub(super) fn dataset(&self) -> Result<DatasetId> {
        DatasetId::new(&self.system, &self.table)
    }
}
