//! `sluice.toml` as it is written, and the checks that make a [`LakeFile`] of it.

use std::collections::{BTreeMap, HashSet};

use domain::approval::{ApprovalRule, FreezeWindow};
use domain::branch::BranchName;
use domain::dataset::check_name;
use domain::environment::EnvironmentName;
use domain::notification::{NotificationRoute, NotifiedEvent};
use serde::Deserialize;
use toml::Spanned;

use super::naming::{self, Naming};
use super::{
    CatalogNames, Environment, LAKE_FILE, LakeFile, PipelineDefinition, Tags, VpcCidr, shape,
};
use crate::approval::check_windows;
use crate::lake_repository::parameter::{self, Parameter};
use crate::lake_repository::{Problem, toml_text};
use crate::stacks::names::environment_title;

/// Most approvals that a rule can ask for.
const MAX_APPROVERS: u32 = 10;

/// A year: nobody remembers what they approved before it.
const MAX_EXPIRY_HOURS: u32 = 24 * 365;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLakeFile {
    lake: Option<RawNaming>,
    tags: Tags,
    catalog: RawCatalog,
    environments: Vec<Spanned<RawEnvironment>>,
    pipeline: PipelineDefinition,
    notifications: Vec<Spanned<RawRoute>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawNaming {
    logical_id_prefix: Option<Spanned<String>>,
    resource_name_prefix: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCatalog {
    conformed_database: Option<Spanned<String>>,
    purpose_built_database: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawEnvironment {
    name: Option<Spanned<EnvironmentName>>,
    branch: Option<Spanned<BranchName>>,
    account: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    protected: bool,
    vpc_cidr: Option<Spanned<VpcCidr>>,
    parameters: BTreeMap<Spanned<String>, Parameter>,
    approval: Option<Spanned<ApprovalRule>>,
    freeze: Vec<Spanned<FreezeWindow>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawRoute {
    target: Option<Spanned<String>>,
    events: Vec<NotifiedEvent>,
    environments: Vec<Spanned<EnvironmentName>>,
    source_systems: Vec<Spanned<String>>,
}

impl RawLakeFile {
    /// Checks everything, and adds what is wrong. The file is of use only if nothing was.
    pub(super) fn check(self, text: &str, problems: &mut Vec<Problem>) -> LakeFile {
        let mut checks = Checks { text, whole: problems.is_empty(), problems };
        let lake = checks.naming(self.lake.unwrap_or_default());
        let catalog = checks.catalog(self.catalog);
        if self.environments.is_empty() {
            checks.missing(0, "there is no environment: add one with [[environments]]");
        }
        let mut seen = HashSet::new();
        let mut environments = Vec::new();
        for raw in self.environments {
            environments.extend(checks.environment(raw, &lake, &mut seen));
        }
        let routes = self.notifications.into_iter();
        let notifications = routes.map(|raw| checks.route(raw, &environments)).collect();
        let (tags, pipeline) = (self.tags, self.pipeline);
        LakeFile { lake, tags, catalog, environments, pipeline, notifications }
    }
}

struct Checks<'a> {
    text: &'a str,
    /// Whether everything was read: else what seems missing may be what was not read.
    whole: bool,
    problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    fn wrong(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(Problem::at(LAKE_FILE, self.text, offset, message));
    }

    fn missing(&mut self, offset: usize, message: impl Into<String>) {
        if self.whole {
            self.wrong(offset, message);
        }
    }

    /// A value that has to be there.
    fn needed<T>(&mut self, value: Option<Spanned<T>>, owner: usize, what: &str) -> Option<T> {
        if value.is_none() {
            self.missing(owner, format!("{what} is missing"));
        }
        value.map(Spanned::into_inner)
    }

    fn naming(&mut self, raw: RawNaming) -> Naming {
        let [logical_id_prefix, resource_name_prefix] = [
            (
                "logical_id_prefix",
                raw.logical_id_prefix,
                naming::check_logical_id_prefix as fn(&str) -> _,
            ),
            ("resource_name_prefix", raw.resource_name_prefix, naming::check_resource_name_prefix),
        ]
        .map(|(name, value, check)| {
            if let Some(Err(error)) = value.as_ref().map(|value| check(value.get_ref())) {
                self.wrong(value.as_ref().map_or(0, |value| value.span().start), error.message());
            }
            self.needed(value, 0, &format!("{name} of [lake]")).unwrap_or_default()
        });
        Naming { logical_id_prefix, resource_name_prefix }
    }

    fn catalog(&mut self, raw: RawCatalog) -> CatalogNames {
        let [conformed_database, purpose_built_database] = [
            ("conformed_database", raw.conformed_database),
            ("purpose_built_database", raw.purpose_built_database),
        ]
        .map(|(name, value)| {
            let value = value?;
            if let Err(error) = check_name(name, value.get_ref()) {
                self.wrong(value.span().start, error.message());
            }
            Some(value.into_inner())
        });
        CatalogNames { conformed_database, purpose_built_database }
    }

    fn environment(
        &mut self,
        raw: Spanned<RawEnvironment>,
        lake: &Naming,
        seen: &mut HashSet<String>,
    ) -> Option<Environment> {
        let (at, raw) = (raw.span().start, raw.into_inner());
        self.unique("environment", raw.name.as_ref(), seen);
        self.unique_title(raw.name.as_ref(), seen);
        self.unique("branch", raw.branch.as_ref(), seen);
        self.unique("vpc_cidr", raw.vpc_cidr.as_ref(), seen);
        self.place(raw.account.as_ref(), raw.region.as_ref());
        for name in raw.parameters.keys().filter(|name| !parameter::is_name(name.get_ref())) {
            let message =
                format!("parameter {:?} is not valid: use letters and digits", name.get_ref());
            self.wrong(name.span().start, message);
        }
        if let Some(rule) = &raw.approval {
            self.approval(rule);
        }
        for window in &raw.freeze {
            if let Err(error) = check_windows(std::slice::from_ref(window.get_ref())) {
                self.wrong(window.span().start, error.message());
            }
        }
        let parameters = raw.parameters.into_iter();
        let environment = Environment {
            name: self.needed(raw.name, at, "name of the environment")?,
            branch: self.needed(raw.branch, at, "branch of the environment")?,
            account: self.needed(raw.account, at, "account of the environment")?,
            region: self.needed(raw.region, at, "region of the environment")?,
            protected: raw.protected,
            vpc_cidr: raw.vpc_cidr.map(Spanned::into_inner),
            parameters: parameters
                .map(|(name, value)| (name.into_inner(), value.into_text()))
                .collect(),
            approval: raw.approval.map(Spanned::into_inner).unwrap_or_default(),
            freeze: raw.freeze.into_iter().map(Spanned::into_inner).collect(),
        };
        self.bucket_names(at, lake, &environment);
        Some(environment)
    }

    /// Says when two environments have the same.
    fn unique<T: ToString>(
        &mut self,
        what: &str,
        value: Option<&Spanned<T>>,
        seen: &mut HashSet<String>,
    ) {
        let Some(value) = value else { return };
        let named = format!("{what} {}", value.get_ref().to_string());
        if !seen.insert(named.clone()) {
            self.wrong(
                value.span().start,
                format!("{named} is there twice: each environment has its own"),
            );
        }
    }

    /// Says when the stacks of two environments would have the same names.
    fn unique_title(
        &mut self,
        name: Option<&Spanned<EnvironmentName>>,
        seen: &mut HashSet<String>,
    ) {
        let Some(name) = name else { return };
        let title = environment_title(name.get_ref());
        if !seen.insert(format!("title {title}")) && seen.insert(format!("told {title}")) {
            let message = format!(
                "stacks of {} and of another environment would be called {title}…",
                name.get_ref()
            );
            self.wrong(name.span().start, message);
        }
    }

    fn place(&mut self, account: Option<&Spanned<String>>, region: Option<&Spanned<String>>) {
        if let Some(account) = account.filter(|account| !shape::is_account(account.get_ref())) {
            let message = format!(
                "account {:?} is not valid: write its 12 digits as text",
                account.get_ref()
            );
            self.wrong(account.span().start, message);
        }
        if let Some(region) = region.filter(|region| !shape::is_region(region.get_ref())) {
            let message =
                format!("region {:?} is not valid: write it as `eu-central-1`", region.get_ref());
            self.wrong(region.span().start, message);
        }
    }

    /// A rule nobody can satisfy is refused here, as far as it can be told without knowing people.
    fn approval(&mut self, rule: &Spanned<ApprovalRule>) {
        let (at, rule) = (rule.span().start, rule.get_ref());
        if rule.approvers > MAX_APPROVERS {
            self.wrong(
                at,
                format!(
                    "{} approvers are more than anybody gathers: ask for at most {MAX_APPROVERS}",
                    rule.approvers
                ),
            );
        }
        if !(1..=MAX_EXPIRY_HOURS).contains(&rule.expires_after_hours) {
            self.wrong(
                at,
                format!(
                    "nobody can approve within {} hours: expires_after_hours lies between 1 and \
                 {MAX_EXPIRY_HOURS}",
                    rule.expires_after_hours
                ),
            );
        }
        for team in rule.teams.iter().filter(|team| !shape::is_team(team)) {
            self.wrong(at, format!("team {team:?} is not valid: write it as `org/team`"));
        }
    }

    fn bucket_names(&mut self, at: usize, lake: &Naming, environment: &Environment) {
        let Environment { name, account, region, .. } = environment;
        let over = naming::too_long_by(&lake.resource_name_prefix, name, account, region);
        if let Some(over) = over {
            self.wrong(
                at,
                format!(
                    "bucket names of {name} would be {over} characters too long for S3: shorten \
                 resource_name_prefix or the name of the environment by as many"
                ),
            );
        }
    }

    fn route(&mut self, raw: Spanned<RawRoute>, known: &[Environment]) -> NotificationRoute {
        let (at, raw) = (raw.span().start, raw.into_inner());
        if raw.events.is_empty() {
            self.missing(at, "events of the notification are missing: say of what to tell");
        }
        for name in &raw.environments {
            if known.iter().all(|environment| environment.name != *name.get_ref()) {
                self.unknown_environment(name, known);
            }
        }
        for system in &raw.source_systems {
            if let Err(error) = check_name("source system", system.get_ref()) {
                self.wrong(system.span().start, error.message());
            }
        }
        NotificationRoute {
            target: self.needed(raw.target, at, "target of the notification").unwrap_or_default(),
            events: raw.events,
            environments: raw.environments.into_iter().map(Spanned::into_inner).collect(),
            source_systems: raw.source_systems.into_iter().map(Spanned::into_inner).collect(),
        }
    }

    fn unknown_environment(&mut self, name: &Spanned<EnvironmentName>, known: &[Environment]) {
        let names = known.iter().map(|environment| environment.name.as_str());
        let meant = toml_text::nearest(name.get_ref().as_str(), names);
        let meant = meant.map(|name| format!(": did you mean `{name}`?")).unwrap_or_default();
        let message = format!("environment {} is not in this file{meant}", name.get_ref());
        if self.whole {
            self.wrong(name.span().start, message);
        }
    }
}
