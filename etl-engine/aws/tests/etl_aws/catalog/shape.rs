//! What others see of a table in Glue, and what Sluice sees of theirs.

use aws_sdk_glue::types::{Column, StorageDescriptor, TableInput};
use domain::ErrorKind;
use domain::column::ColumnType;
use domain::table::TableName;
use domain::zone::Zone;
use etl_engine::catalog::Catalog;

use super::{Emulator, UnderTest, ada, days, table, under_test, yellow};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_table_has_the_shape_that_athena_and_the_reference_know() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let lake = under_test(&emulator.account().await).await;
    let decimal = ColumnType::Decimal { precision: 9, scale: 2 };
    let mut stored = table(&[("vendorid", ColumnType::BigInt), ("fare", decimal)]);
    stored.columns[0].comment = Some("who drove".into());
    stored.description = Some("every trip".into());
    lake.catalog.put_table(&stored, &ada()).await.unwrap();
    lake.catalog.put_partitions(&yellow(), &days(1)).await.unwrap();

    let found = lake.raw(&yellow()).await;
    assert_eq!(found.table_type.as_deref(), Some("EXTERNAL_TABLE"));
    assert_eq!(found.description.as_deref(), Some("every trip"));
    assert_eq!(found.parameters.as_ref().unwrap()["classification"], "parquet");
    let keys = found.partition_keys().iter().map(|key| (key.name(), key.r#type().unwrap()));
    assert!(keys.eq([("year", "string"), ("month", "string"), ("day", "string")]));
    let storage = found.storage_descriptor.as_ref().unwrap();
    assert_eq!(storage.location.as_deref(), Some("s3://dev-lake-conformed/tlc/yellow/"));
    let parquet = "org.apache.hadoop.hive.ql.io.parquet";
    assert_eq!(storage.input_format, Some(format!("{parquet}.MapredParquetInputFormat")));
    assert_eq!(storage.output_format, Some(format!("{parquet}.MapredParquetOutputFormat")));
    let serde = storage.serde_info.as_ref().unwrap().serialization_library.clone();
    assert_eq!(serde, Some(format!("{parquet}.serde.ParquetHiveSerDe")));
    let columns = storage.columns().iter();
    let columns = columns.map(|column| (column.name(), column.r#type().unwrap(), column.comment()));
    assert!(
        columns.eq([("vendorid", "bigint", Some("who drove")), ("fare", "decimal(9,2)", None)])
    );

    let partitions =
        lake.glue.get_partitions().database_name("tlc").table_name("yellow").send().await.unwrap();
    let [partition] = partitions.partitions() else { panic!("{partitions:?}") };
    assert_eq!(partition.values(), ["2020", "01", "01"]);
    let storage = partition.storage_descriptor.as_ref().unwrap();
    let location = "s3://dev-lake-conformed/tlc/yellow/year=2020/month=01/day=01/";
    assert_eq!(storage.location.as_deref(), Some(location));
    assert_eq!(storage.columns().len(), 2);
}

async fn foreign(lake: &UnderTest, name: &str, location: &str, columns: &[(&str, &str)]) {
    let column = |(name, kind): &(&str, &str)| {
        Column::builder().name(*name).r#type(*kind).comment("theirs").build().unwrap()
    };
    let storage = StorageDescriptor::builder()
        .location(location)
        .set_columns(Some(columns.iter().map(column).collect()));
    let input = TableInput::builder()
        .name(name)
        .owner("hadoop")
        .table_type("EXTERNAL_TABLE")
        .storage_descriptor(storage.build())
        .set_partition_keys(Some(
            ["year", "month", "day"].map(|key| column(&(key, "string"))).to_vec(),
        ))
        .parameters("team", "mobility");
    let input = input.build().unwrap();
    lake.glue.create_table().database_name("tlc").table_input(input).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b12_a_table_of_the_reference_is_kept_with_what_people_wrote() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let lake = under_test(&emulator.account().await).await;
    foreign(&lake, "yellow", "s3://dev-lake-purpose-built/tlc/yellow", &[("vendorid", "int")])
        .await;
    let mut found = lake.catalog.table(&yellow()).await.unwrap().unwrap();
    assert_eq!((found.zone, found.location.as_str()), (Zone::PurposeBuilt, "tlc/yellow"));
    assert_eq!(found.columns[0].comment.as_deref(), Some("theirs"));
    found.columns[0].column_type = ColumnType::BigInt;
    let version = lake.catalog.put_table(&found, &ada()).await.unwrap();
    assert_eq!(version, found.version + 1);

    let raw = lake.raw(&yellow()).await;
    assert_eq!(raw.owner.as_deref(), Some("hadoop"));
    assert_eq!(raw.parameters.as_ref().unwrap()["team"], "mobility");
    let column = &raw.storage_descriptor.as_ref().unwrap().columns()[0];
    assert_eq!((column.r#type(), column.comment()), (Some("bigint"), Some("theirs")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tables_that_sluice_could_not_keep_are_left_out_and_said_to_be_there() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let lake = under_test(&emulator.account().await).await;
    foreign(&lake, "elsewhere", "s3://other/tlc/elsewhere", &[("a", "int")]).await;
    foreign(&lake, "nested", "s3://dev-lake-conformed/tlc/nested", &[("a", "array<int>")]).await;
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    let names = lake.catalog.names().await.unwrap();
    assert_eq!(names, [(yellow(), 1)]);
    for (name, why) in [("elsewhere", "s3://other"), ("nested", "array<int>")] {
        let name = TableName::new("tlc", name);
        let error = lake.catalog.table(&name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(why), "{error}");
        let taken = domain::table::CatalogTable { name, ..table(&[("a", ColumnType::Int)]) };
        let error = lake.catalog.put_table(&taken, &ada()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "nobody's table is taken over");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_is_not_there_is_named_with_what_to_do() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let lake = under_test(&emulator.account().await).await;
    let mut homeless = table(&[("a", ColumnType::Int)]);
    homeless.name.database = "nowhere".into();
    let error = lake.catalog.put_table(&homeless, &ada()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("deploy the database \"nowhere\""), "{error}");
}
