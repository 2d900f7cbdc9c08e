//! What a physical plan reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use domain::query::QueryCost;

/// A file that a plan reads. Tables of different zones may share a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScannedFile {
    /// The address of its zone.
    pub(crate) zone: String,
    /// Its path in the zone.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) size: u64,
}

impl ScannedFile {
    /// The folder, which is the partition.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The files of all scans, each once.
pub(crate) fn scans_of(plan: &Arc<dyn ExecutionPlan>) -> BTreeSet<ScannedFile> {
    let mut files = BTreeSet::new();
    let walked = plan.apply(|node| {
        if let Some(scan) = file_scan(node) {
            for file in scan.file_groups.iter().flat_map(|group| group.iter()) {
                files.insert(ScannedFile {
                    zone: scan.object_store_url.as_str().to_owned(),
                    path: file.object_meta.location.as_ref().to_owned(),
                    size: file.object_meta.size,
                });
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    files
}

/// Files, bytes and partitions of all scans, each file and partition counted once.
pub(crate) fn cost_of(plan: &Arc<dyn ExecutionPlan>) -> QueryCost {
    let files = scans_of(plan);
    let partitions: BTreeSet<_> = files.iter().map(|file| (&file.zone, file.folder())).collect();
    QueryCost {
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.size).sum(),
        partitions: partitions.len() as u64,
        seconds: 0.0,
    }
}

fn file_scan(node: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    node.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()
}
