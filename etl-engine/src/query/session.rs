//! A DataFusion session that knows its functions and the given tables, nothing else.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider, TableProvider,
};
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use domain::table::TableName;
use domain::zone::Zone;
use domain::{Error, Result};
use object_store::memory::InMemory;
use tokio_util::sync::CancellationToken;

use super::interrupt::Interruptible;

/// The catalog name that Athena gives to Glue; SQL may put it before the database.
pub const CATALOG: &str = "awsdatacatalog";

/// What one session may use.
#[derive(Debug, Clone)]
pub struct SessionLimits {
    /// Memory in bytes; operators that can spill do so above it, others fail.
    pub max_memory: usize,
    /// Folder for spilled data; `None` forbids spilling.
    pub spill_dir: Option<PathBuf>,
    /// Most bytes spilled.
    pub max_spill: u64,
    /// Partitions that are computed in parallel.
    pub target_partitions: usize,
    /// Stops joins that keep a thread busy; dropping the stream stops everything else.
    pub cancel: CancellationToken,
}

/// A session over `tables`. Without table functions, file formats, files and settings in SQL.
pub fn session(
    limits: &SessionLimits,
    tables: Vec<(TableName, Arc<dyn TableProvider>)>,
) -> Result<SessionState> {
    let state = SessionStateBuilder::new()
        .with_config(config(limits))
        .with_runtime_env(Arc::new(runtime(limits)?))
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(SessionStateDefaults::default_scalar_functions())
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_physical_optimizer_rule(Arc::new(Interruptible { cancel: limits.cancel.clone() }))
        .build();
    over_tables(state, tables)
}

/// The session with these tables and no others.
pub(crate) fn over_tables(
    mut state: SessionState,
    tables: Vec<(TableName, Arc<dyn TableProvider>)>,
) -> Result<SessionState> {
    let list = MemoryCatalogProviderList::new();
    datafusion::catalog::CatalogProviderList::register_catalog(
        &list,
        CATALOG.to_owned(),
        Arc::new(catalog(tables)?),
    );
    state.register_catalog_list(Arc::new(list));
    Ok(state)
}

/// The address of a zone inside a session; it means nothing outside.
pub(crate) fn zone_url(zone: Zone) -> String {
    format!("sluice://{zone}")
}

fn catalog(tables: Vec<(TableName, Arc<dyn TableProvider>)>) -> Result<MemoryCatalogProvider> {
    let mut databases: HashMap<String, Arc<MemorySchemaProvider>> = HashMap::new();
    for (name, table) in tables {
        let database = databases.entry(name.database).or_default();
        database.register_table(name.table, table).map_err(no_session)?;
    }
    let catalog = MemoryCatalogProvider::new();
    for (name, database) in databases {
        catalog.register_schema(&name, database).map_err(no_session)?;
    }
    Ok(catalog)
}

fn config(limits: &SessionLimits) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(limits.target_partitions.max(1))
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        // No database has this name, so that a table without database is reported as such.
        .with_default_catalog_and_schema(CATALOG, "")
        .with_collect_statistics(false);
    let options = config.options_mut();
    options.execution.enable_recursive_ctes = false;
    // What a sort keeps back for merging spilled data has to leave room to sort.
    let merging = options.execution.sort_spill_reservation_bytes.min(limits.max_memory / 32);
    options.execution.sort_spill_reservation_bytes = merging;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.collect_spans = true;
    config
}

fn runtime(limits: &SessionLimits) -> Result<RuntimeEnv> {
    let pool = FairSpillPool::new(limits.max_memory);
    let consumers = std::num::NonZeroUsize::MIN.saturating_add(4);
    let mode = match &limits.spill_dir {
        Some(dir) => DiskManagerMode::Directories(vec![dir.clone()]),
        None => DiskManagerMode::Disabled,
    };
    let disk = DiskManagerBuilder::default()
        .with_mode(mode)
        .with_max_temp_directory_size(limits.max_spill);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, consumers)))
        .with_disk_manager_builder(disk)
        .with_metadata_cache_limit(0)
        .with_object_list_cache_limit(0)
        .with_file_statistics_cache_limit(0)
        .build()
        .map_err(no_session)?;
    let files = ObjectStoreUrl::local_filesystem();
    runtime.deregister_object_store(files.as_ref()).map_err(no_session)?;
    // Scans bring their own readers, but the engine insists on a store behind every address. An
    // empty one means that a path that slipped through would still lead nowhere.
    for zone in [Zone::Conformed, Zone::PurposeBuilt] {
        let url = ObjectStoreUrl::parse(zone_url(zone)).map_err(no_session)?;
        runtime.register_object_store(url.as_ref(), Arc::new(InMemory::new()));
    }
    Ok(runtime)
}

fn no_session(error: datafusion::common::DataFusionError) -> Error {
    Error::internal("the query session could not be set up").with_source(error)
}
