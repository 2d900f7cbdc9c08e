//! Configuration, loaded once at start and passed explicitly.

use std::path::PathBuf;

use domain::environment::EnvironmentName;

/// Where an embedded lake lives.
#[derive(Debug, Clone, clap::Args)]
pub struct LakeConfig {
    /// Folder that holds the lake: its zones and, unless --database-url is given, its database.
    #[arg(
        long,
        global = true,
        env = "SLUICE_DATA_DIR",
        default_value = "sluice-data",
        value_name = "DIR"
    )]
    pub data_dir: PathBuf,

    /// Environment to work in.
    #[arg(
        long = "env",
        global = true,
        env = "SLUICE_ENV",
        default_value = "dev",
        value_name = "NAME"
    )]
    pub environment: EnvironmentName,

    /// Database of the lake's state, `sqlite:///…` or `postgres://…`; a file in the data folder
    /// when absent.
    #[arg(
        long,
        global = true,
        env = "SLUICE_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// Where to send notifications beside the log file, as JSON by POST.
    #[arg(
        long,
        global = true,
        env = "SLUICE_WEBHOOK_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub webhook_url: Option<String>,
}
