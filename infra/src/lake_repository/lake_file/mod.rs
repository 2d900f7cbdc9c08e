//! `sluice.toml`: what the lake is called, where its environments are, and how changes get there.

mod cidr;
mod naming;
mod raw;
mod shape;

use std::collections::BTreeMap;

use domain::approval::{ApprovalRule, FreezeWindow};
use domain::branch::BranchName;
use domain::environment::EnvironmentName;
use domain::notification::NotificationRoute;
use serde::{Deserialize, Serialize};

use super::{Problem, toml_text};

pub use cidr::VpcCidr;
pub use naming::Naming;

/// Where the file lies.
pub const LAKE_FILE: &str = "sluice.toml";

/// `sluice.toml`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeFile {
    /// `[lake]`: what resources and stacks are called.
    pub lake: Naming,
    /// `[tags]`: on every resource.
    pub tags: Tags,
    /// `[catalog]`: databases of sources that name none.
    pub catalog: CatalogNames,
    /// `[[environments]]`, in the order of promotion; at least one.
    pub environments: Vec<Environment>,
    /// `[pipeline]`: what pipelines do.
    pub pipeline: PipelineDefinition,
    /// `[[notifications]]`: who is told what.
    pub notifications: Vec<NotificationRoute>,
}

impl LakeFile {
    /// Reads and checks the text of [`LAKE_FILE`]. All problems, by line.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let (raw, mut problems) = toml_text::read::<raw::RawLakeFile>(LAKE_FILE, text);
        let file = raw.map(|raw| raw.check(text, &mut problems));
        problems.sort_by_key(|problem| (problem.line, problem.column));
        match file {
            Some(file) if problems.is_empty() => Ok(file),
            _ => Err(problems),
        }
    }

    /// The environment of a name.
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == *name)
    }

    /// The environment that a branch delivers to.
    pub fn environment_of(&self, branch: &BranchName) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.branch == *branch)
    }

    /// The environment whose release an environment takes: the one before it. `None` for the first.
    pub fn before(&self, name: &EnvironmentName) -> Option<&Environment> {
        let at = self.environments.iter().position(|environment| environment.name == *name)?;
        self.environments.get(at.checked_sub(1)?)
    }

    /// The environment that takes an environment's release: the one after it. `None` for the last.
    pub fn after(&self, name: &EnvironmentName) -> Option<&Environment> {
        let at = self.environments.iter().position(|environment| environment.name == *name)?;
        self.environments.get(at + 1)
    }
}

/// Where a release runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// The branch that is delivered to it.
    pub branch: BranchName,
    /// The account, 12 digits.
    pub account: String,
    /// The region, as `eu-central-1`.
    pub region: String,
    /// Whether data and stacks are kept from deletion.
    pub protected: bool,
    /// The addresses of its network; `None`: it has no network stack.
    pub vpc_cidr: Option<VpcCidr>,
    /// What its templates are given, by the name of the parameter.
    pub parameters: BTreeMap<String, String>,
    /// What it asks for before a plan is carried out.
    pub approval: ApprovalRule,
    /// `[[environments.freeze]]`: when nothing is deployed there.
    pub freeze: Vec<FreezeWindow>,
}

/// Values of the tags `<resource_name_prefix>:cost-center`, `:team` and `:application`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tags {
    /// Who pays.
    pub cost_center: String,
    /// Who answers for it.
    pub team: String,
    /// What it belongs to.
    pub application: String,
}

/// Databases of the tables of sources that name none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogNames {
    /// Of conformed tables; the source system when absent.
    pub conformed_database: Option<String>,
    /// Of purpose-built tables; `<source_system>_purpose_built` when absent.
    pub purpose_built_database: Option<String>,
}

/// What pipelines do beside what they always do. A change of it makes a pipeline change itself first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineDefinition {
    /// Build: SQL is also checked for what Athena would refuse.
    pub dialect_check: bool,
    /// Build: the fixture tests of transformations run.
    pub fixture_tests: bool,
    /// Plan: changed SQL is rehearsed on the target's data.
    pub rehearsal: bool,
    /// Verify: a query reads every changed table.
    pub smoke_query: bool,
}

impl Default for PipelineDefinition {
    fn default() -> Self {
        Self { dialect_check: true, fixture_tests: true, rehearsal: true, smoke_query: true }
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
