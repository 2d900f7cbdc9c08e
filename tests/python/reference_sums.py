"""What the reference query gives for one file, computed by DuckDB: the tests compare with it.

Usage: reference_sums.py FILE SQL

FILE is a yellow or green CSV file, plain or gzip; SQL is a file with the reference query, run verbatim.
Prints one JSON object: rows of the file, rows of the result, and the sum of every numeric column of
both. Columns are named as in the tables.
"""

import json
import re
import sys

import duckdb

WHOLE = {
    "vendorid",
    "ratecodeid",
    "pulocationid",
    "dolocationid",
    "passenger_count",
    "payment_type",
    "trip_type",
}


def kind(name: str) -> str:
    """The type that the demo's sources pin."""
    if name in WHOLE:
        return "BIGINT"
    if name == "store_and_fwd_flag":
        return "VARCHAR"
    return "TIMESTAMP" if name.endswith("_datetime") else "DOUBLE"


def load(connection: duckdb.DuckDBPyConnection, path: str, table: str) -> None:
    """Puts the file into a table with pinned types and any partition: sums do not depend on it."""
    header = connection.execute(
        f"SELECT * FROM read_csv('{path}', header = false, all_varchar = true) LIMIT 1"
    ).fetchone()
    names = [name.strip().lower() for name in header]
    columns = ", ".join(f"'{name}': '{kind(name)}'" for name in names)
    connection.execute("CREATE SCHEMA datalake_raw_source")
    connection.execute(
        f"CREATE TABLE datalake_raw_source.{table} AS "
        "SELECT *, '2020' AS year, '08' AS month, '05' AS day FROM read_csv("
        f"'{path}', header = true, auto_detect = false, delim = ',', quote = '\"', "
        f"columns = {{{columns}}})"
    )


def sums(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, float]:
    """Rows and the sum of every numeric column; a column without any value sums to null."""
    described = connection.execute(f"DESCRIBE FROM {relation}").fetchall()
    numeric = [name for name, kind, *_ in described if kind in ("BIGINT", "DOUBLE", "HUGEINT")]
    # HUGEINT sums would be beyond what JSON readers expect; as doubles they are still exact here.
    expressions = ", ".join(f'sum("{name}")::DOUBLE' for name in numeric)
    values = connection.execute(f"SELECT count(*), {expressions} FROM {relation}").fetchone()
    return dict(zip(["rows", *numeric], values, strict=True))


def main() -> None:
    path, sql_path = sys.argv[1:]
    with open(sql_path, encoding="utf-8") as file:
        sql = file.read()
    table = re.search(r'"datalake_raw_source"\."(\w+)"', sql).group(1)
    connection = duckdb.connect()
    load(connection, path, table)
    connection.execute(f"CREATE VIEW purpose_built AS {sql}")
    found = {
        "conformed": sums(connection, f"datalake_raw_source.{table}"),
        "purpose_built": sums(connection, "purpose_built"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
