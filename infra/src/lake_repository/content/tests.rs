//! Whole lakes read, and every check of their files.

use super::*;

const LAKE: &str = "[lake]\nlogical_id_prefix = 'Lake'\nresource_name_prefix = 'lake'\n\
    [[environments]]\nname = 'dev'\nbranch = 'main'\naccount = '111111111111'\nregion = 'eu-central-1'\n\
    [[environments]]\nname = 'prod'\nbranch = 'prod'\naccount = '333333333333'\nregion = 'eu-central-1'\n";

const STACK: &str = "Parameters:\n  Size: {Type: Number}\n  Name: {Type: String}\nResources:\n  Topic: \
    {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name, DisplayName: !Ref Size}}\n";

const YELLOW: &str = "dataset = 'tlc/yellow'\nowner = 'data'\nformat = { type = 'csv' }\n\
    [[columns]]\nname = 'fare'\nsource_name = 'Fare'\ntype = 'double'\nnullable = true\n";

fn whole() -> BTreeMap<&'static str, String> {
    let rules = "[[rules]]\nname = 'fare'\nkind = 'not_null'\ncolumn = 'fare'\neffect = 'warn'\n";
    let api = "[parameters]\nSize = 1\nName = 'a'\n[parameters_in.prod]\nSize = 9\n";
    BTreeMap::from([
        ("sluice.toml", LAKE.to_owned()),
        ("sources/tlc/yellow.toml", YELLOW.to_owned()),
        ("transformations/tlc/yellow.sql", "SELECT 1\n".to_owned()),
        ("transformations/tlc/yellow.tests/sums/yellow.csv", "fare\n1\n".to_owned()),
        ("transformations/tlc/yellow.tests/sums/expected.csv", "fare\n1\n".to_owned()),
        ("quality/tlc/yellow.toml", rules.to_owned()),
        ("stacks/api.yaml", STACK.to_owned()),
        ("stacks/api.toml", api.to_owned()),
        ("stacks/queue.yaml", STACK.to_owned()),
        ("README.md", "# Ours\n".to_owned()),
    ])
}

fn parse(files: &BTreeMap<&'static str, String>) -> Result<Content, Vec<Problem>> {
    Content::parse(files.iter().map(|(path, text)| (*path, text.as_bytes())).collect())
}

/// What is told when files are added or replaced, or taken away (`None`).
fn told(changes: &[(&'static str, Option<&str>)]) -> Vec<String> {
    let mut files = whole();
    for (path, text) in changes {
        match text {
            Some(text) => drop(files.insert(path, (*text).to_owned())),
            None => drop(files.remove(path)),
        }
    }
    let problems = parse(&files).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

/// The one thing that is told.
fn one(path: &'static str, text: &str) -> String {
    let told = told(&[(path, Some(text))]);
    assert_eq!(told.len(), 1, "{told:#?}");
    told[0].clone()
}

#[test]
fn a_whole_lake_is_read() {
    let content = parse(&whole()).unwrap();
    let yellow: DatasetId = "tlc/yellow".parse().unwrap();
    assert_eq!(content.sources[&yellow].source.columns[0].name, "fare");
    let transformation = &content.transformations[&yellow];
    assert_eq!(transformation.sql, "SELECT 1\n");
    let test = &transformation.tests[0];
    assert_eq!((test.name.as_str(), test.expected.as_str()), ("sums", "fare\n1\n"));
    assert_eq!(test.inputs, [("yellow".to_owned(), "fare\n1\n".to_owned())]);
    assert_eq!(content.quality[0].table.to_string(), "tlc.yellow");
    let names: Vec<_> = content.stacks.iter().map(|stack| stack.name.as_str()).collect();
    assert_eq!(names, ["api", "queue"]);
    let of = |environment: &str| content.stacks[0].parameters(&environment.parse().unwrap());
    assert_eq!((of("dev")["Size"].as_str(), of("prod")["Size"].as_str()), ("1", "9"));
    assert_eq!(of("prod")["Name"], "a");
    assert!(content.files.get("README.md").is_none());
}

#[test]
fn names_match_paths() {
    let other = YELLOW.replace("tlc/yellow", "tlc/green");
    let told = one("sources/tlc/yellow.toml", &other);
    assert!(
        told.starts_with("sources/tlc/yellow.toml:1:11: the file registers tlc/green"),
        "{told}"
    );
    assert!(one("sources/tlc/Bad-Name.toml", YELLOW).contains("Bad-Name"));
    assert!(one("sources/tlc/yellow.json", "{}").contains("end with `.toml`"));
    assert!(one("transformations/tlc/notes.txt", "x").contains("end with `.sql`"));
    assert!(one("quality/yellow.toml", "").contains("<database>/<table>.toml"));
    assert!(one("quality/tlc/green.toml", "").contains("no source of this lake writes"));
}

#[test]
fn a_source_is_checked_where_it_stands() {
    let told = one("sources/tlc/yellow.toml", &YELLOW.replace("'fare'", "'Fare'"));
    assert!(told.starts_with("sources/tlc/yellow.toml:4:1: column name"), "{told}");
    let told = one("sources/tlc/yellow.toml", &YELLOW.replace("owner", "onwer"));
    assert!(told.starts_with("sources/tlc/yellow.toml:2:1: `onwer`"), "{told}");
    assert!(told.ends_with("did you mean `owner`?"), "{told}");
    let told = one("sources/tlc/yellow.toml", &YELLOW.replace("nullable", "nulable"));
    assert!(told.ends_with("8:1: `nulable` is not known here: did you mean `nullable`?"), "{told}");
    let told = one("sources/tlc/yellow.toml", &YELLOW.replace("'double'", "'dobule'"));
    assert!(told.starts_with("sources/tlc/yellow.toml:"), "{told}");
}

#[test]
fn quality_rules_name_columns_of_their_table() {
    let rules = whole()["quality/tlc/yellow.toml"].replace("column = 'fare'", "column = 'fair'");
    let told = one("quality/tlc/yellow.toml", &rules);
    assert!(told.starts_with("quality/tlc/yellow.toml:4:10: "), "{told}");
}

#[test]
fn b2_two_datasets_never_write_one_table() {
    let lake =
        format!("{LAKE}[catalog]\nconformed_database = 'all'\npurpose_built_database = 'built'\n");
    let other = YELLOW.replace("tlc/yellow", "other/yellow");
    let changes = [
        ("sluice.toml", Some(lake.as_str())),
        ("sources/other/yellow.toml", Some(other.as_str())),
        ("quality/tlc/yellow.toml", None),
    ];
    let told = told(&changes);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().any(|told| told.contains("writes table all.yellow already")), "{told:#?}");
}

#[test]
fn a_transformation_has_a_source_and_whole_tests() {
    assert!(
        one("transformations/tlc/green.sql", "SELECT 1").contains("no source sources/tlc/green")
    );
    assert!(one("transformations/tlc/yellow.sql", " \n").contains("empty"));
    let half = one("transformations/tlc/yellow.tests/half/yellow.csv", "fare\n");
    assert!(
        half.starts_with("transformations/tlc/yellow.tests/half: there is no expected.csv"),
        "{half}"
    );
    assert!(one("transformations/tlc/yellow.tests/sums/notes.txt", "x").contains("`.csv`"));
    assert!(one("transformations/tlc/yellow.tests/loose.csv", "x").contains("<case>"));
    let orphan = one("transformations/tlc/green.tests/a/expected.csv", "x");
    assert!(orphan.contains("no transformations/tlc/green.sql to test"), "{orphan}");
}

#[test]
fn stacks_are_named_and_known_and_sound() {
    assert!(one("stacks/network.yaml", STACK).contains("Sluice itself brings"));
    assert!(one("stacks/Bad.yaml", STACK).contains("lower-case"));
    assert!(one("stacks/api.yml", STACK).contains("<name>.yaml"));
    assert!(one("stacks/lost.toml", "").contains("no stacks/lost.yaml"));
    let unknown = one("stacks/queue.toml", "[parameters_in.prd]\nSize = 1\n");
    assert!(unknown.starts_with("stacks/queue.toml:1:16: environment prd"), "{unknown}");
    let undeclared = one("stacks/queue.toml", "[parameters]\nSiez = 1\n");
    assert!(undeclared.starts_with("stacks/queue.toml:2:1: the template has no parameter Siez"));
    let unsound = one("stacks/queue.yaml", "Resources:\n  A:\n    Type: !Reff B\n");
    assert!(unsound.starts_with("stacks/queue.yaml:3:11: !Reff is no function"), "{unsound}");
}

#[test]
fn all_problems_of_all_files_are_told() {
    let told = told(&[
        ("sluice.toml", Some("[lake]\nresource_name_prefix = '-x'\n")),
        ("sources/tlc/yellow.toml", Some("dataset = 'tlc/yellow'\ncolour = 1\n")),
        ("stacks/queue.toml", Some("depends_on = []\n")),
    ]);
    for file in ["sluice.toml:2:", "sources/tlc/yellow.toml:2:", "stacks/queue.toml:1:"] {
        assert!(told.iter().any(|told| told.starts_with(file)), "{file} is missing of {told:#?}");
    }
    assert!(
        super::Content::parse(LakeFiles::default()).unwrap_err()[0].message.contains("sluice init")
    );
}

#[test]
fn what_is_no_text_is_told_with_its_place() {
    let mut files =
        whole().into_iter().map(|(path, text)| (path, text.into_bytes())).collect::<Vec<_>>();
    files.push(("transformations/tlc/yellow.sql", b"SELECT\n  \xff".to_vec()));
    let problems = Content::parse(files.into_iter().collect()).unwrap_err();
    let told = problems.iter().map(ToString::to_string).find(|told| told.contains("UTF-8"));
    assert!(told.unwrap().starts_with("transformations/tlc/yellow.sql:2:3: "));
}

#[test]
fn only_what_differs_is_a_change() {
    let base = parse(&whole()).unwrap();
    assert!(changes(Some(&base), &base).is_empty());
    let mut files = whole();
    files.insert("sources/tlc/yellow.toml", format!("# A comment.\n{YELLOW}"));
    assert!(changes(Some(&base), &parse(&files).unwrap()).sources.is_empty());
    files.insert("sources/tlc/yellow.toml", YELLOW.replace("'data'", "'finance'"));
    files.insert("transformations/tlc/yellow.sql", "SELECT 2\n".to_owned());
    files.remove("quality/tlc/yellow.toml");
    let differ = changes(Some(&base), &parse(&files).unwrap());
    assert!(differ.sources[0].after.as_ref().unwrap().contains("finance"));
    assert_eq!(differ.transformations[0].before.as_deref(), Some("SELECT 1\n"));
    let paths: Vec<_> =
        differ.files.iter().map(|file| (file.path.as_str(), file.after.is_some())).collect();
    assert_eq!(paths, [("quality/tlc/yellow.toml", false)]);
    let first = changes(None, &base);
    assert_eq!((first.sources.len(), first.transformations.len(), first.files.len()), (1, 1, 7));
}
