//! A new lake is valid, and says what it is.

use domain::source::{CsvDialect, Format};

use super::*;
use crate::lake_repository::belongs;

fn naming() -> Naming {
    Naming { logical_id_prefix: "DataLake".into(), resource_name_prefix: "data-lake".into() }
}

fn usual() -> NewLake {
    let accounts = ["111111111111", "222222222222", "333333333333"];
    NewLake::usual(naming(), "444444444444", accounts, "eu-central-1").unwrap()
}

fn content(files: &[FileChange]) -> Content {
    let lake: LakeFiles = files
        .iter()
        .filter_map(|file| match file {
            FileChange::Write { path, bytes } => Some((path.clone(), bytes.clone())),
            FileChange::Remove { .. } => None,
        })
        .collect();
    Content::parse(lake).unwrap()
}

#[test]
fn the_usual_lake_has_three_environments_that_promote_in_order() {
    let files = usual().files().unwrap();
    let lake = content(&files).lake;
    let shown = lake.environments.iter().map(|environment| {
        let cidr = environment.vpc_cidr.map(|cidr| cidr.to_string()).unwrap_or_default();
        let (name, branch) = (environment.name.as_str(), environment.branch.as_str());
        format!(
            "{name} {branch} {cidr} {} {}",
            environment.protected, environment.approval.approvers
        )
    });
    let expected = [
        "dev main 10.20.0.0/24 false 0",
        "test test 10.10.0.0/24 true 0",
        "prod production 10.0.0.0/24 true 1",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    let paths: Vec<_> = files.iter().map(FileChange::path).filter(|path| !belongs(path)).collect();
    assert_eq!(paths.len(), 6, "{paths:?}");
}

#[test]
fn what_is_commented_out_is_valid_too() {
    let files = usual().files().unwrap();
    let Some(FileChange::Write { bytes, .. }) = files.iter().find(|file| file.path() == LAKE_FILE)
    else {
        panic!("there is no sluice.toml");
    };
    let text = String::from_utf8(bytes.clone()).unwrap();
    let example = |line: &str| line.starts_with("# [[") || line.contains(" = ");
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if example(line) => rest,
        _ => line,
    });
    let lake =
        crate::lake_repository::LakeFile::parse(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    assert_eq!((lake.notifications.len(), lake.environments[2].freeze.len()), (1, 1));
}

#[test]
fn sources_and_sql_come_with_it() {
    let dataset: DatasetId = "tlc/yellow".parse().unwrap();
    let columns =
        vec![domain::column::Column::new("Fare \"x\"", domain::column::ColumnType::Double)];
    let format = Format::Csv(CsvDialect::default());
    let mut lake = usual();
    lake.tags.team = "quoted \"team\" \\ or so".into();
    lake.catalog.conformed_database = Some("raw".into());
    lake.environments[0].parameters.insert("Size".into(), "1".into());
    lake.sources.push(Source::new(dataset.clone(), "data", format, columns));
    lake.transformations.insert(dataset.clone(), "SELECT 1  \n\n".into());
    let test = FixtureTest {
        name: "sums".into(),
        inputs: vec![("yellow".into(), "fare\n1\n".into())],
        expected: "fare\n1\n".into(),
    };
    lake.tests.insert(dataset.clone(), vec![test.clone()]);
    let content = content(&lake.files().unwrap());
    assert_eq!(content.lake.tags, lake.tags);
    assert_eq!(content.lake.environments[0].parameters["Size"], "1");
    assert_eq!(content.sources[&dataset].source.columns, lake.sources[0].columns);
    assert_eq!(content.sources[&dataset].source.conformed_database(), "raw");
    assert_eq!(content.transformations[&dataset].sql, "SELECT 1\n");
    assert_eq!(content.transformations[&dataset].tests, [test]);
}

#[test]
fn a_lake_that_would_be_wrong_is_not_made() {
    let mut lake = usual();
    lake.naming.resource_name_prefix = "-x".into();
    lake.environments[1].branch = lake.environments[0].branch.clone();
    let error = lake.files().unwrap_err();
    assert!(error.message().contains("resource_name_prefix"), "{error}");
    assert!(error.message().contains("branch main is there twice"), "{error}");
}
