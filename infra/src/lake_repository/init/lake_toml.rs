//! The text of a new `sluice.toml`, with comments for whoever edits it.

use std::fmt::Write;

use super::{NewEnvironment, NewLake};

const HEAD: &str = "\
#:schema ./.schemas/sluice.schema.json
# What this lake is called, where its environments are, and how changes get there.
# `sluice validate .` checks it. Every key is described in .schemas/sluice.schema.json.
";

const APPROVAL: &str = "\
# Who is asked before a plan is carried out. With 0 approvers only plans that widen permissions or
# endanger data wait for one.
";

const TAIL: &str = "
# What pipelines do beside what they always do.
[pipeline]
dialect_check = true  # SQL that Athena would refuse fails the build
fixture_tests = true  # transformations/<source_system>/<table>.tests run in the build
rehearsal = true      # changed SQL runs on the target's data before anybody approves
smoke_query = true    # a query reads every changed table after the deployment

# Who is told. Targets are named in the server's own configuration.
# [[notifications]]
# target = \"oncall\"
# events = [\"run_failed\", \"approval_needed\", \"deployment_failed\"]
# environments = [\"prod\"]
";

const FREEZE: &str = "
# Nothing is deployed in a freeze window, unless somebody breaks the glass.
# [[environments.freeze]]
# name = \"weekends\"
# time_zone = \"Europe/Berlin\"
# from = \"fri 18:00\"
# to = \"mon 06:00\"
";

/// The whole text.
pub(super) fn text(lake: &NewLake) -> String {
    let mut text = HEAD.to_owned();
    section(
        &mut text,
        "\n[lake]",
        &[
            ("logical_id_prefix", &lake.naming.logical_id_prefix),
            ("resource_name_prefix", &lake.naming.resource_name_prefix),
        ],
    );
    section(
        &mut text,
        "\n# On every resource.\n[tags]",
        &[
            ("cost_center", &lake.tags.cost_center),
            ("team", &lake.tags.team),
            ("application", &lake.tags.application),
        ],
    );
    let databases = [
        ("conformed_database", lake.catalog.conformed_database.as_ref()),
        ("purpose_built_database", lake.catalog.purpose_built_database.as_ref()),
    ];
    let databases: Vec<_> =
        databases.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    if !databases.is_empty() {
        section(&mut text, "\n# Databases of sources that name none.\n[catalog]", &databases);
    }
    text.push_str("\n# In the order of promotion.\n");
    let environments: Vec<_> = lake.environments.iter().map(environment).collect();
    text.push_str(&environments.join("\n"));
    text.push_str(FREEZE);
    text.push_str(TAIL);
    text
}

fn environment(environment: &NewEnvironment) -> String {
    let mut text = String::new();
    section(
        &mut text,
        "[[environments]]",
        &[
            ("name", &environment.name.to_string()),
            ("branch", &environment.branch.to_string()),
            ("account", &environment.account),
            ("region", &environment.region),
        ],
    );
    if environment.protected {
        text.push_str("protected = true\n");
    }
    if let Some(cidr) = &environment.vpc_cidr {
        section(&mut text, "", &[("vpc_cidr", &cidr.to_string())]);
    }
    if !environment.parameters.is_empty() {
        let parameters = environment.parameters.iter();
        let parameters: Vec<_> = parameters.map(|(name, value)| (name.as_str(), value)).collect();
        section(&mut text, "\n[environments.parameters]", &parameters);
    }
    if environment.approvers > 0 {
        text.push('\n');
        text.push_str(APPROVAL);
        // Writing to a string cannot fail.
        let _ = write!(text, "[environments.approval]\napprovers = {}\n", environment.approvers);
    }
    text
}

fn section(text: &mut String, head: &str, values: &[(&str, &String)]) {
    if !head.is_empty() {
        text.push_str(head);
        text.push('\n');
    }
    for (name, value) in values {
        let _ = writeln!(text, "{name} = {}", toml::Value::String((*value).clone()));
    }
}
