//! Two environments side by side: what each of them really has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use app::api::delivery::{Compared, ComparedFile, FileStanding};
use domain::Result;
use domain::environment::EnvironmentName;
use etl_engine::lake::Lake;
use infra::stacks::names;

use crate::delivery::data::{DataSide, rules_to_toml, to_toml};
use crate::delivery::{Definition, Delivery};

type Texts = BTreeMap<String, String>;

/// Compares SQL, sources, quality rules, tables and stacks of two environments.
pub async fn compare(
    delivery: &Delivery,
    left: &EnvironmentName,
    right: &EnvironmentName,
) -> Result<Compared> {
    let definition = delivery.required_definition().await?;
    let (one, other) = (delivery.lake(left)?, delivery.lake(right)?);
    let (a, b) = (DataSide::of(&one.lake).await?, DataSide::of(&other.lake).await?);
    Ok(Compared {
        left: left.clone(),
        right: right.clone(),
        transformations: side_by_side(
            sql(a.transformations.clone()),
            sql(b.transformations.clone()),
        ),
        sources: side_by_side(sources(&a)?, sources(&b)?),
        quality: side_by_side(rules(&a)?, rules(&b)?),
        tables: side_by_side(tables(&one.lake).await?, tables(&other.lake).await?),
        stacks: side_by_side(
            stacks(delivery, &definition, left).await?,
            stacks(delivery, &definition, right).await?,
        ),
    })
}

fn sql(all: BTreeMap<domain::dataset::DatasetId, String>) -> Texts {
    all.into_iter().map(|(id, sql)| (id.to_string(), sql.trim_end().to_owned())).collect()
}

fn sources(side: &DataSide) -> Result<Texts> {
    side.sources.iter().map(|(id, source)| Ok((id.to_string(), to_toml(source)?))).collect()
}

/// A table without rules is one that never had any.
fn rules(side: &DataSide) -> Result<Texts> {
    let some = side.quality.iter().filter(|(_, rules)| !rules.rules.is_empty());
    some.map(|(table, rules)| Ok((table.to_string(), rules_to_toml(rules)?))).collect()
}

/// Columns and rows of every table.
async fn tables(lake: &Lake) -> Result<Texts> {
    let mut texts = Texts::new();
    for database in lake.catalog.databases().await? {
        for table in lake.catalog.tables(Some(&database)).await? {
            let mut text = String::new();
            for column in &table.columns {
                let _ = writeln!(text, "{} {}", column.name, column.column_type);
            }
            let partitions = lake.catalog.partitions(&table.name, None).await?;
            let rows: u64 = partitions.iter().map(|partition| partition.rows).sum();
            let _ = writeln!(text, "-- {rows} rows in {} partitions", partitions.len());
            texts.insert(table.name.to_string(), text);
        }
    }
    Ok(texts)
}

/// Status, parameters and template of every stack, under the name it has in every environment. That
/// each environment is told its own name is no difference.
async fn stacks(
    delivery: &Delivery,
    definition: &Definition,
    name: &EnvironmentName,
) -> Result<Texts> {
    let environment = definition.environment(name)?;
    let service = delivery.stacks(environment).await?;
    let prefix = names::stack_prefix(name, &definition.lake.lake.logical_id_prefix);
    let mut texts = Texts::new();
    for stack in service.list(&prefix).await? {
        let mut text = format!("status {}\n", stack.status);
        if let Some(template) = &stack.template {
            let _ = writeln!(text, "template {}", template.short());
        }
        let given = stack.parameters.iter();
        for (parameter, value) in
            given.filter(|(name, _)| !names::SAYS_WHERE.contains(&name.as_str()))
        {
            let _ = writeln!(text, "{parameter} = {value}");
        }
        let common = stack.name.strip_prefix(&prefix).unwrap_or(&stack.name);
        texts.insert(common.to_owned(), text);
    }
    Ok(texts)
}

fn side_by_side(mut left: Texts, mut right: Texts) -> Vec<ComparedFile> {
    let names: BTreeSet<String> = left.keys().chain(right.keys()).cloned().collect();
    let compared = names.into_iter().map(|name| {
        let (left, right) = (left.remove(&name), right.remove(&name));
        let standing = match (&left, &right) {
            (Some(one), Some(other)) if one == other => FileStanding::Same,
            (Some(_), Some(_)) => FileStanding::Differs,
            (Some(_), None) => FileStanding::OnlyLeft,
            _ => FileStanding::OnlyRight,
        };
        ComparedFile { name, standing, left, right }
    });
    compared.collect()
}
