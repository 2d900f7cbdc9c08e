//! Lineage over a corpus of SQL: the exact origins of every output column and of the rows.

use domain::column::ColumnType;
use domain::table::{CatalogColumn, CatalogTable, TableName};
use domain::zone::Zone;

use super::{Kind, Lineage, Origin, lineage};

fn table(name: &str, columns: &[(&str, ColumnType)]) -> CatalogTable {
    let columns = columns.iter().map(|(name, column_type)| CatalogColumn {
        name: (*name).to_owned(),
        column_type: *column_type,
        comment: None,
    });
    CatalogTable {
        name: TableName::new("d", name),
        zone: Zone::Conformed,
        location: format!("d/{name}"),
        columns: columns.collect(),
        description: None,
        parameters: Default::default(),
        version: 1,
    }
}

async fn lineage_of(sql: &str) -> Lineage {
    use ColumnType::{BigInt, Double, String};
    let tables = vec![
        table("t", &[("a", BigInt), ("b", Double), ("c", String)]),
        table("z", &[("id", BigInt), ("name", String)]),
    ];
    lineage(sql, tables).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn written<'a>(inputs: impl IntoIterator<Item = &'a (Origin, Kind)>) -> String {
    let word = |kind: &Kind| match kind {
        Kind::Steers => "?",
        Kind::Copied => "",
        Kind::Computed => "~",
        Kind::Aggregated => "+",
        Kind::Filters => "filter ",
        Kind::Joins => "join ",
        Kind::Groups => "group ",
    };
    let input = |(origin, kind): &(Origin, Kind)| {
        format!("{}{}.{}", word(kind), origin.table.table, origin.column)
    };
    inputs.into_iter().map(input).collect::<Vec<_>>().join(" ")
}

/// `name: origins; …; rows: origins`. Copied origins stand bare, computed ones behind `~`,
/// aggregated ones behind `+`, those that steer behind `?`.
async fn described(sql: &str) -> String {
    let found = lineage_of(sql).await;
    let columns = found.columns.iter().map(|c| format!("{}: {}", c.name, written(&c.inputs)));
    let rows = format!("rows: {}", written(&found.rows));
    columns.chain([rows]).collect::<Vec<_>>().join("; ")
}

const CORPUS: &[(&str, &str)] = &[
    ("select a, b from d.t", "a: t.a; b: t.b; rows: "),
    ("select a as x, b + 1 y, 7 z from d.t", "x: t.a; y: ~t.b; z: ; rows: "),
    (
        "select * from d.z",
        "id: z.id; name: z.name; year: z.year; month: z.month; day: z.day; rows: ",
    ),
    ("select coalesce(a, -1) a, upper(c) from d.t", "a: ~t.a; upper(d.t.c): ~t.c; rows: "),
    ("select a from d.t where b > 1 and c = 'x'", "a: t.a; rows: filter t.b filter t.c"),
    (
        "select sum(b) s, count(*) n, year from d.t group by year",
        "s: +t.b; n: ; year: t.year; rows: group t.year",
    ),
    ("select a % 2 odd, max(b) m from d.t group by a % 2", "odd: ~t.a; m: +t.b; rows: group t.a"),
    ("select c, sum(b) / count(a) r from d.t group by c", "c: t.c; r: +t.a +t.b; rows: group t.c"),
    ("select c from d.t group by c having sum(b) > 1", "c: t.c; rows: filter t.b group t.c"),
    ("select sum(b) filter (where a > 1) s from d.t", "s: ?t.a +t.b; rows: "),
    ("select case when a > 1 then b else 0 end x from d.t", "x: ?t.a ~t.b; rows: "),
    ("select case c when 'x' then a when 'y' then b end x from d.t", "x: ~t.a ~t.b ?t.c; rows: "),
    ("select case when b > 1 then b end x from d.t", "x: ~t.b; rows: "),
    (
        "select t.b, z.name from d.t t join d.z z on t.a = z.id",
        "b: t.b; name: z.name; rows: join t.a join z.id",
    ),
    (
        "select t.b, z.name from d.t t left join d.z z on t.a = z.id and z.name > t.c",
        "b: t.b; name: z.name; rows: join t.a join t.c join z.id join z.name",
    ),
    ("select x.b, y.a from d.t x join d.t y using (a)", "b: t.b; a: t.a; rows: join t.a"),
    ("select b, name from d.t cross join d.z", "b: t.b; name: z.name; rows: "),
    (
        "with s as (select a, sum(b) total from d.t group by a) select a, total * 2 twice from s",
        "a: t.a; twice: +t.b; rows: group t.a",
    ),
    (
        "with s as (select a k, b from d.t where c = 'x'), u as (select k, b + 1 b1 from s) select k, b1 from u",
        "k: t.a; b1: ~t.b; rows: filter t.c",
    ),
    (
        "select a, row_number() over (partition by c order by b) n from d.t",
        "a: t.a; n: ?t.b ?t.c; rows: ",
    ),
    (
        "select sum(b) over (partition by c) s, lag(a) over (order by b) l from d.t",
        "s: +t.b ?t.c; l: +t.a ?t.b; rows: ",
    ),
    ("select a x from d.t union all select id from d.z", "x: t.a z.id; rows: "),
    (
        "select c x from d.t where a = 1 union select name from d.z",
        "x: t.c z.name; rows: filter t.a",
    ),
    ("select c from d.t intersect select name from d.z", "c: t.c; rows: join t.c join z.name"),
    ("select distinct c from d.t", "c: t.c; rows: "),
    (
        "select distinct on (c) a, c from d.t order by c, b",
        "a: t.a; c: t.c; rows: filter t.b filter t.c",
    ),
    ("select a from d.t order by b limit 3", "a: t.a; rows: filter t.b"),
    (
        "select a, (select max(id) from d.z where name = 'x') m from d.t",
        "a: t.a; m: +z.id ?z.name; rows: ",
    ),
    (
        "select a, (select max(z.id) from d.z z where z.name = t.c) m from d.t t",
        "a: t.a; m: ?t.c +z.id ?z.name; rows: ",
    ),
    (
        "select a from d.t where a in (select id from d.z where name = 'x')",
        "a: t.a; rows: filter t.a filter z.id filter z.name",
    ),
    (
        "select a from d.t where exists (select 1 from d.z where z.id = t.a)",
        "a: t.a; rows: filter t.a filter z.id",
    ),
    (
        "select a from d.t where not exists (select 1 from d.z where z.id = t.a and z.name > t.c)",
        "a: t.a; rows: filter t.a filter t.c filter z.id filter z.name",
    ),
    (
        "select x.k, x.n from (select c k, count(distinct a) n from d.t group by c) x where x.n > 1",
        "k: t.c; n: +t.a; rows: filter t.a group t.c",
    ),
    (
        "select cast(a as varchar) s, c || '-' || cast(b as varchar) j from d.t",
        "s: ~t.a; j: ~t.b ~t.c; rows: ",
    ),
    (
        "select a between 1 and b as inside, c like 'x%' as likes, b is null as no from d.t",
        "inside: ~t.a ~t.b; likes: ~t.c; no: ~t.b; rows: ",
    ),
    ("values (1, 'x')", "column1: ; column2: ; rows: "),
];

#[tokio::test]
async fn every_output_column_has_its_origins() {
    for (sql, expected) in CORPUS {
        assert_eq!(described(sql).await, *expected, "{sql}");
    }
}

#[tokio::test]
async fn grouping_sets_keep_their_columns_in_place() {
    let sql = "select a, c, sum(b) s from d.t group by rollup (a, c)";
    assert_eq!(described(sql).await, "a: t.a; c: t.c; s: +t.b; rows: group t.a group t.c");
}

#[tokio::test]
async fn expressions_stand_as_they_are_written() {
    let found = lineage_of("select a, coalesce(a, -1) k, sum(b) from d.t group by a").await;
    let texts: Vec<_> = found.columns.iter().map(|c| c.expression.as_deref().unwrap()).collect();
    assert_eq!(texts, ["a", "coalesce(a, -1)", "sum(b)"]);
    let found = lineage_of("select *, b * 2 as twice from d.t").await;
    let twice = found.columns.last().unwrap();
    assert_eq!((twice.name.as_str(), twice.expression.as_deref()), ("twice", Some("b * 2")));
    assert_eq!(found.columns[0].expression, None);
}
