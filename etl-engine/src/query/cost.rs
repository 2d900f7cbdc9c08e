//! What a physical plan reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use domain::query::QueryCost;

/// Files, bytes and partitions of all scans, each file and partition counted once.
pub(crate) fn cost_of(plan: &Arc<dyn ExecutionPlan>) -> QueryCost {
    let mut files = BTreeSet::new();
    let mut partitions = BTreeSet::new();
    let walked = plan.apply(|node| {
        if let Some(scan) = file_scan(node) {
            for file in scan.file_groups.iter().flat_map(|group| group.iter()) {
                let path = file.object_meta.location.as_ref();
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                // Tables of different zones may share a path.
                let zone = scan.object_store_url.as_str();
                partitions.insert((zone.to_owned(), folder.to_owned()));
                files.insert((zone.to_owned(), path.to_owned(), file.object_meta.size));
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    QueryCost {
        files: files.len() as u64,
        bytes: files.iter().map(|(_, _, size)| size).sum(),
        partitions: partitions.len() as u64,
        seconds: 0.0,
    }
}

fn file_scan(node: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    node.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()
}
