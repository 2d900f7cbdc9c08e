//! `sluice configure`: the parameters of an environment in sluice.toml, put where templates read them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::Result;
use domain::environment::EnvironmentName;
use infra::parameters::{ParameterPath, ParameterStore};

use super::Flow;
use crate::cli::output::{Output, Sheet, remark};

/// Put the parameters of an environment into its parameter store, as /sluice/ENVIRONMENT/NAME.
#[derive(Debug, Args)]
pub(in crate::cli) struct Configure {
    /// The environment.
    environment: EnvironmentName,
    /// Show the difference and put nothing.
    #[arg(long)]
    dry_run: bool,
}

/// A parameter that differs.
struct Difference {
    path: ParameterPath,
    before: Option<String>,
    after: String,
    version: u64,
}

impl Configure {
    /// Puts what differs of an environment.
    pub(in crate::cli) fn of(environment: EnvironmentName) -> Self {
        Self { environment, dry_run: false }
    }

    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let (store, differences) = self.differences(flow).await?;
        print(&differences, output)?;
        if !self.dry_run && !differences.is_empty() {
            self.put_all(flow, store.as_ref(), &differences).await?;
            remark(&format!("{} parameters were put", differences.len()));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Puts what differs, however many parameters that are.
    pub(in crate::cli) async fn put(self, flow: &Flow) -> Result<usize> {
        let (store, differences) = self.differences(flow).await?;
        self.put_all(flow, store.as_ref(), &differences).await?;
        Ok(differences.len())
    }

    async fn differences(&self, flow: &Flow) -> Result<(Arc<dyn ParameterStore>, Vec<Difference>)> {
        let definition = flow.delivery.required_definition().await?;
        let environment = definition.environment(&self.environment)?;
        let store = flow.delivery.places.parameters(environment).await?;
        let mut differences = Vec::new();
        for (path, after) in wanted(&self.environment, &environment.parameters)? {
            let now = store.get(&path).await?;
            let version = now.as_ref().map_or(0, |now| now.version);
            let before = now.map(|now| now.value);
            if before.as_ref() != Some(&after) {
                differences.push(Difference { path, before, after, version });
            }
        }
        Ok((store, differences))
    }

    async fn put_all(
        &self,
        flow: &Flow,
        store: &dyn ParameterStore,
        differences: &[Difference],
    ) -> Result<()> {
        let caller = flow.caller().await?;
        for change in differences {
            // Only over what was shown.
            let put = store.put(&change.path, &change.after, Some(change.version)).await?;
            let (action, object) = ("parameter.put", change.path.as_str());
            flow.record(&caller, action, &self.environment, object, put.version).await?;
        }
        Ok(())
    }
}

fn wanted(
    environment: &EnvironmentName,
    parameters: &BTreeMap<String, String>,
) -> Result<Vec<(ParameterPath, String)>> {
    let mut wanted = Vec::with_capacity(parameters.len());
    for (name, value) in parameters {
        wanted.push((ParameterPath::of(environment, name)?, value.clone()));
    }
    Ok(wanted)
}

fn print(differences: &[Difference], output: Output) -> Result<()> {
    let mut sheet = Sheet::new(&["parameter", "now", "will be"]);
    let mut values = Vec::new();
    for change in differences {
        values.push(serde_json::json!({
            "path": change.path, "before": change.before, "after": change.after,
        }));
        let before = change.before.clone().unwrap_or("(none)".to_owned());
        sheet.row([change.path.to_string(), before, change.after.clone()]);
    }
    output.print(&sheet, &values, "the parameters are as sluice.toml says")
}
