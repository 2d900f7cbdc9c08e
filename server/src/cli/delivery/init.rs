//! `sluice init`: the files of a new lake.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use domain::{Error, Result};
use infra::lake_repository::init::NewLake;
use infra::lake_repository::{FileChange, Naming};
use infra_embedded::write_lake_folder;

use crate::cli::output::{Output, Sheet, remark};

/// Write the files of a new lake into a folder. Nothing is overwritten.
#[derive(Debug, Args)]
pub(in crate::cli) struct Init {
    /// The folder; it is made.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// What names of stacks and exports contain.
    #[arg(long, value_name = "NAME", default_value = "DataLake")]
    logical_id_prefix: String,
    /// What names of resources contain: at most 12 lower-case letters, digits and hyphens.
    #[arg(long, value_name = "NAME", default_value = "data-lake")]
    resource_name_prefix: String,
    /// The account that Sluice itself runs in.
    #[arg(long, value_name = "ACCOUNT", default_value = "444444444444")]
    deployment_account: String,
    /// The accounts of dev, test and prod. Simulated stacks take any.
    #[arg(
        long,
        value_name = "DEV,TEST,PROD",
        value_delimiter = ',',
        default_value = "111111111111,222222222222,333333333333"
    )]
    accounts: Vec<String>,
    /// The region of all three.
    #[arg(long, value_name = "REGION", default_value = "eu-central-1")]
    region: String,
}

impl Init {
    pub(in crate::cli) fn run(self, output: Output) -> Result<ExitCode> {
        let naming = Naming {
            logical_id_prefix: self.logical_id_prefix,
            resource_name_prefix: self.resource_name_prefix,
        };
        let accounts: [&str; 3] =
            match self.accounts.iter().map(String::as_str).collect::<Vec<_>>().try_into() {
                Ok(accounts) => accounts,
                Err(_) => return Err(Error::invalid("--accounts takes three: DEV,TEST,PROD")),
            };
        let files = NewLake::usual(naming, &self.deployment_account, accounts, &self.region)?;
        let files = files.files()?;
        write_lake_folder(&self.folder, &files)?;
        let paths: Vec<_> = files.iter().map(FileChange::path).collect();
        let mut sheet = Sheet::new(&["written"]);
        for path in &paths {
            sheet.row([(*path).to_owned()]);
        }
        output.print(&sheet, &paths, "")?;
        let folder = self.folder.display();
        remark(&format!(
            "edit sluice.toml, check it with `sluice validate {folder}`, commit, and push to the \
             lake repository: <data folder>/lake.git"
        ));
        Ok(ExitCode::SUCCESS)
    }
}
