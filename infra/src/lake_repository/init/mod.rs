//! The files of a new lake: what `sluice init` writes, and what the demo begins with.

mod lake_toml;

use std::collections::BTreeMap;

use domain::branch::BranchName;
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::source::Source;
use domain::{Error, Result};

use super::content::canonical;
use super::{
    CatalogNames, Content, FileChange, FixtureTest, LAKE_FILE, LakeFiles, Naming, Tags, VpcCidr,
    schemas,
};

/// What a new lake begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLake {
    /// What it is called.
    pub naming: Naming,
    /// Values of its tags.
    pub tags: Tags,
    /// Databases of sources that name none.
    pub catalog: CatalogNames,
    /// In the order of promotion.
    pub environments: Vec<NewEnvironment>,
    /// Its sources.
    pub sources: Vec<Source>,
    /// Its SQL, by dataset.
    pub transformations: BTreeMap<DatasetId, String>,
    /// Tests of its SQL, by dataset.
    pub tests: BTreeMap<DatasetId, Vec<FixtureTest>>,
}

/// An environment of a new lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnvironment {
    /// Its name.
    pub name: EnvironmentName,
    /// The branch that is delivered to it.
    pub branch: BranchName,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether data and stacks are kept from deletion.
    pub protected: bool,
    /// The addresses of its network.
    pub vpc_cidr: Option<VpcCidr>,
    /// What its templates are given.
    pub parameters: BTreeMap<String, String>,
    /// How many people have to approve.
    pub approvers: u32,
}

/// Name, branch, network, protection and approvals of the usual three environments.
const USUAL: [(&str, &str, &str, bool, u32); 3] = [
    ("dev", "main", "10.20.0.0/24", false, 0),
    ("test", "test", "10.10.0.0/24", true, 0),
    ("prod", "production", "10.0.0.0/24", true, 1),
];

impl NewLake {
    /// A lake without data over dev, test and prod, in one region and the accounts given for each.
    /// Sluice itself runs in the deployment account, under the role of its bootstrap stack.
    pub fn usual(
        naming: Naming,
        deployment_account: &str,
        accounts: [&str; 3],
        region: &str,
    ) -> Result<Self> {
        let server = format!(
            "arn:aws:iam::{deployment_account}:role/sluice-bootstrap/{}-server",
            naming.resource_name_prefix
        );
        let environments = USUAL.iter().zip(accounts);
        let environments =
            environments.map(|((name, branch, cidr, protected, approvers), account)| {
                Ok(NewEnvironment {
                    name: name.parse()?,
                    branch: branch.parse()?,
                    account: account.to_owned(),
                    region: region.to_owned(),
                    protected: *protected,
                    vpc_cidr: Some(cidr.parse()?),
                    parameters: BTreeMap::from([("ServerRoleArn".to_owned(), server.clone())]),
                    approvers: *approvers,
                })
            });
        let application = naming.resource_name_prefix.clone();
        Ok(Self {
            naming,
            tags: Tags { cost_center: "unknown".into(), team: "data".into(), application },
            catalog: CatalogNames::default(),
            environments: environments.collect::<Result<_>>()?,
            sources: Vec::new(),
            transformations: BTreeMap::new(),
            tests: BTreeMap::new(),
        })
    }

    /// All its files. Invalid when the lake they make would not be valid.
    pub fn files(&self) -> Result<Vec<FileChange>> {
        let mut files = self.data_files();
        files.insert(LAKE_FILE.to_owned(), lake_toml::text(self));
        let lake: LakeFiles = files.iter().map(|(path, text)| (path, text.as_bytes())).collect();
        if let Err(problems) = Content::parse(lake) {
            let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
            return Err(Error::invalid(format!("the new lake is wrong: {}", told.join("; "))));
        }
        files.extend(FOR_PEOPLE.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let write = |(path, text): (String, String)| FileChange::Write { path, bytes: text.into() };
        Ok(files.into_iter().map(write).collect())
    }

    fn data_files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for source in &self.sources {
            files.insert(format!("sources/{}.toml", source.dataset), canonical(source));
        }
        for (dataset, sql) in &self.transformations {
            let text = format!("{}\n", sql.trim_end());
            files.insert(format!("transformations/{dataset}.sql"), text);
        }
        for (dataset, tests) in &self.tests {
            for test in tests {
                let folder = format!("transformations/{dataset}.tests/{}", test.name);
                files.insert(format!("{folder}/expected.csv"), test.expected.clone());
                let inputs = test.inputs.iter();
                files.extend(
                    inputs.map(|(table, rows)| (format!("{folder}/{table}.csv"), rows.clone())),
                );
            }
        }
        files
    }
}

/// Files beside the lake's own.
const FOR_PEOPLE: [(&str, &str); 6] = [
    ("README.md", include_str!("README.md")),
    (".gitattributes", include_str!("gitattributes")),
    (".github/workflows/lake.yml", include_str!("workflow.yml")),
    (".taplo.toml", include_str!("taplo.toml")),
    (schemas::LAKE_SCHEMA.0, schemas::LAKE_SCHEMA.1),
    (schemas::SOURCE_SCHEMA.0, schemas::SOURCE_SCHEMA.1),
];

#[cfg(test)]
mod tests;
