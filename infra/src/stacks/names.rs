//! What the stacks of an environment are called, and the tags they carry.

use std::collections::BTreeMap;
use std::fmt;

use domain::environment::EnvironmentName;

/// A stack that Sluice brings itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnStack {
    /// Addresses, subnets, end points.
    Network,
    /// The zones, their key, the logs of who read them.
    Storage,
    /// Run ledger, transformations, sources.
    Tables,
    /// The arrival queue and the topic of notifications.
    Events,
    /// Databases of the catalog, the workgroup of queries.
    Catalog,
    /// Who may do what.
    Roles,
}

impl OwnStack {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Network, Self::Storage, Self::Tables, Self::Events, Self::Catalog, Self::Roles];

    /// The last word of its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Storage => "Storage",
            Self::Tables => "Tables",
            Self::Events => "Events",
            Self::Catalog => "Catalog",
            Self::Roles => "Roles",
        }
    }
}

impl fmt::Display for OwnStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The environment in names of stacks and exports: `dev` is `Dev`, `pre-prod` is `PreProd`.
pub fn environment_title(environment: &EnvironmentName) -> String {
    environment.as_str().split('-').map(capitalised).collect()
}

/// What the names of all stacks of an environment begin with: `DevDataLakeEtl`. The prefix is the
/// lake's `logical_id_prefix`.
pub fn stack_prefix(environment: &EnvironmentName, logical_id_prefix: &str) -> String {
    format!("{}{logical_id_prefix}Etl", environment_title(environment))
}

/// The name of a stack of Sluice's own: `DevDataLakeEtlStorage`.
pub fn own_stack(
    environment: &EnvironmentName,
    logical_id_prefix: &str,
    stack: OwnStack,
) -> String {
    format!("{}{stack}", stack_prefix(environment, logical_id_prefix))
}

/// The name of a team's own stack, by the name of its file without `.yaml`: `orders-api` is
/// `DevDataLakeEtlOrdersApi`.
pub fn team_stack(environment: &EnvironmentName, logical_id_prefix: &str, file: &str) -> String {
    let words = file.split(|ch: char| !ch.is_ascii_alphanumeric());
    let title: String = words.map(capitalised).collect();
    format!("{}{title}", stack_prefix(environment, logical_id_prefix))
}

/// The tags that every stack carries, and through it every resource.
pub fn tags(
    resource_name_prefix: &str,
    environment: &EnvironmentName,
    cost_center: &str,
    team: &str,
    application: &str,
) -> BTreeMap<String, String> {
    let values = [
        ("cost-center", cost_center),
        ("environment", environment.as_str()),
        ("team", team),
        ("application", application),
    ];
    let tag =
        |(name, value): (&str, &str)| (format!("{resource_name_prefix}:{name}"), value.to_owned());
    values.into_iter().map(tag).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_called_as_users_know_them() {
        let dev = "dev".parse().unwrap();
        let names = OwnStack::ALL.map(|stack| own_stack(&dev, "DataLakeCDKBlog", stack));
        assert_eq!(names[1], "DevDataLakeCDKBlogEtlStorage");
        assert_eq!(team_stack(&dev, "Lake", "orders-api_v2"), "DevLakeEtlOrdersApiV2");
        assert_eq!(environment_title(&"pre-prod".parse().unwrap()), "PreProd");
    }

    #[test]
    fn tags_carry_the_prefix() {
        let tags = tags("my-lake", &"dev".parse().unwrap(), "4711", "data", "sluice");
        assert_eq!(tags["my-lake:environment"], "dev");
        assert_eq!(tags["my-lake:cost-center"], "4711");
        assert_eq!(tags.len(), 4);
    }
}
