//! Whether the tables of sources lie in databases that are there: in accounts of AWS the stacks make two,
//! and the engine may write to no other.

use infra::lake_repository::{Content, Problem};

use super::places::Databases;

/// Sources whose tables would have no database, by file.
pub(super) fn without_database(content: &Content, made: &Databases) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (dataset, file) in &content.sources {
        let mut check = |key: &str, asked: &str, made: &str| {
            if asked != made {
                let told = format!(
                    "no stack makes the database {asked}: write `{key} = {made:?}` here or into \
                     [catalog] of sluice.toml, or configure the server with aws.{key}"
                );
                problems.push(Problem::of_file(&file.path, told));
            }
        };
        check("conformed_database", file.source.conformed_database(), &made.conformed);
        // Without SQL there is no second table.
        if content.transformations.contains_key(dataset) {
            let built = file.source.purpose_built_database();
            check("purpose_built_database", &built, &made.purpose_built);
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use infra::lake_repository::init::NewLake;
    use infra::lake_repository::{CatalogNames, FileChange, Naming};

    use super::*;
    use crate::demo::{DemoDataset, datasets};

    fn content(catalog: CatalogNames) -> Content {
        let naming = Naming {
            logical_id_prefix: "DataLake".to_owned(),
            resource_name_prefix: "data-lake".to_owned(),
        };
        let accounts = ["111111111111", "222222222222", "333333333333"];
        let mut lake = NewLake::usual(naming, "444444444444", accounts, "eu-central-1").unwrap();
        lake.catalog = catalog;
        let DemoDataset { mut source, sql, .. } = datasets().unwrap().remove(0);
        (source.conformed_database, source.purpose_built_database) = (None, None);
        lake.transformations.insert(source.dataset.clone(), sql.to_owned());
        lake.sources.push(source);
        let files = lake.files().unwrap();
        let texts = files.iter().filter_map(|file| match file {
            FileChange::Write { path, bytes } => Some((path.as_str(), bytes.as_slice())),
            _ => None,
        });
        Content::parse(texts.collect()).unwrap()
    }

    #[test]
    fn a_source_needs_databases_that_stacks_make() {
        let made = Databases { conformed: "raw".to_owned(), purpose_built: "built".to_owned() };
        let told = without_database(&content(CatalogNames::default()), &made);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("sources/"), "{told:?}");
        assert!(told[0].contains(r#"write `conformed_database = "raw"` here"#), "{told:?}");
        let names = CatalogNames {
            conformed_database: Some("raw".to_owned()),
            purpose_built_database: Some("built".to_owned()),
        };
        assert_eq!(without_database(&content(names), &made), []);
    }
}
