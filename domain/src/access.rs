//! Who may do what, where: roles, the permissions they give, and grants of roles per environment.
//!
//! Architecture invariant: this is the only place that says which role has which permission. The
//! server asks it before every request, the console asks it to know which buttons to show.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::environment::EnvironmentName;
use crate::{Error, Result};

/// What a person is in an environment. Roles do not contain each other, except that an admin has
/// every permission: who approves a change need not be able to make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees the lake, but no rejected raw text.
    Viewer,
    /// Registers sources, uploads, retries, replays.
    Engineer,
    /// Decides on plans.
    Approver,
    /// Everything, members and settings included.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Engineer, Self::Approver, Self::Admin];

    /// The name in configuration and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Engineer => "engineer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// Whether the role gives a permission.
    pub fn gives(self, permission: Permission) -> bool {
        match permission {
            Permission::ViewLake => true,
            Permission::ViewQuarantine => self != Self::Viewer,
            Permission::RunQueries => self != Self::Viewer,
            Permission::OperateRuns
            | Permission::EditSources
            | Permission::EditTransformations
            | Permission::EditCatalog
            | Permission::ExportResults
            | Permission::OperatePipelines
            | Permission::UploadFiles => matches!(self, Self::Engineer | Self::Admin),
            Permission::DecidePlans => matches!(self, Self::Approver | Self::Admin),
            Permission::ViewAudit => matches!(self, Self::Approver | Self::Admin),
            Permission::ManageSettings => self == Self::Admin,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid(format!("role {text:?} is not known: use one of {names}"))
        })
    }
}

/// What a route asks for. Also the scopes of an API token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See sources, runs, zones, counts.
    ViewLake,
    /// See rejected rows with their raw text.
    ViewQuarantine,
    /// Retry, cancel, replay.
    OperateRuns,
    /// Propose, preview and register sources.
    EditSources,
    /// Try, save and restore the SQL of purpose-built tables, and their quality rules.
    EditTransformations,
    /// Describe tables and columns.
    EditCatalog,
    /// Run queries and see sample rows.
    RunQueries,
    /// Take the rows of a query away as a file.
    ExportResults,
    /// Put files into the raw zone.
    UploadFiles,
    /// Start, cancel and retry executions, promote, roll back.
    OperatePipelines,
    /// Approve and reject plans.
    DecidePlans,
    /// Read and export the audit log.
    ViewAudit,
    /// Members, roles, notification targets, retention.
    ManageSettings,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 13] = [
        Self::ViewLake,
        Self::ViewQuarantine,
        Self::OperateRuns,
        Self::EditSources,
        Self::EditTransformations,
        Self::EditCatalog,
        Self::RunQueries,
        Self::ExportResults,
        Self::UploadFiles,
        Self::OperatePipelines,
        Self::DecidePlans,
        Self::ViewAudit,
        Self::ManageSettings,
    ];

    /// The name in tokens and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewLake => "view_lake",
            Self::ViewQuarantine => "view_quarantine",
            Self::OperateRuns => "operate_runs",
            Self::EditSources => "edit_sources",
            Self::EditTransformations => "edit_transformations",
            Self::EditCatalog => "edit_catalog",
            Self::RunQueries => "run_queries",
            Self::ExportResults => "export_results",
            Self::UploadFiles => "upload_files",
            Self::OperatePipelines => "operate_pipelines",
            Self::DecidePlans => "decide_plans",
            Self::ViewAudit => "view_audit",
            Self::ManageSettings => "manage_settings",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid(format!("permission {text:?} is not known: use one of {names}"))
        })
    }
}

/// A role somebody has, in one environment or in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where; everywhere when absent.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub environment: Option<EnvironmentName>,
}

impl Grant {
    /// A role in every environment.
    pub fn everywhere(role: Role) -> Self {
        Self { role, environment: None }
    }

    /// Whether it holds in an environment; with `None`, in the lake as a whole.
    pub fn reaches(&self, environment: Option<&EnvironmentName>) -> bool {
        match (&self.environment, environment) {
            (None, _) => true,
            (Some(own), Some(asked)) => own == asked,
            (Some(_), None) => false,
        }
    }
}

/// All that somebody may do: grants, narrowed by the scopes of the token in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Roles of the person.
    pub grants: Vec<Grant>,
    /// Permissions of the token; `None` for a browser session, which has all of the person's.
    pub scopes: Option<BTreeSet<Permission>>,
}

impl Rights {
    /// Whether they hold `permission` in an environment; with `None`, in the lake as a whole, which
    /// only a grant for every environment gives.
    pub fn allow(&self, permission: Permission, environment: Option<&EnvironmentName>) -> bool {
        let in_scope = self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&permission));
        let granted = |grant: &Grant| grant.reaches(environment) && grant.role.gives(permission);
        in_scope && self.grants.iter().any(granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dev() -> EnvironmentName {
        "dev".parse().unwrap()
    }

    fn rights(role: Role, environment: Option<&str>) -> Rights {
        let environment = environment.map(|name| name.parse().unwrap());
        Rights { grants: vec![Grant { role, environment }], scopes: None }
    }

    #[test]
    fn a_grant_reaches_its_environment_alone() {
        let engineer = rights(Role::Engineer, Some("dev"));
        assert!(engineer.allow(Permission::OperateRuns, Some(&dev())));
        assert!(!engineer.allow(Permission::OperateRuns, Some(&"prod".parse().unwrap())));
        assert!(!rights(Role::Admin, Some("dev")).allow(Permission::ManageSettings, None));
        assert!(rights(Role::Admin, None).allow(Permission::ManageSettings, None));
    }

    #[test]
    fn a_token_never_gives_more_than_its_scopes_nor_than_its_owner_has() {
        let mut token = rights(Role::Viewer, None);
        token.scopes = Some(BTreeSet::from([Permission::OperateRuns]));
        assert!(!token.allow(Permission::ViewLake, Some(&dev())), "not among the scopes");
        assert!(!token.allow(Permission::OperateRuns, Some(&dev())), "the owner has it not");
    }

    #[test]
    fn nobody_without_a_grant_may_do_anything() {
        for permission in Permission::ALL {
            assert!(!Rights::default().allow(permission, Some(&dev())));
            assert!(Role::Admin.gives(permission));
        }
    }

    #[test]
    fn names_read_back_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        }
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse::<Permission>().unwrap(), permission);
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
    }
}
