"""Both hops in DuckDB, with default threads and the schema given.

Usage: duckdb_job.py INPUT OUT SQL DATE

INPUT is a yellow CSV file; OUT gets both zones; SQL is a file with the reference query, run verbatim;
DATE is the ingest date. Writing into the one known partition is faster than PARTITION_BY, and the
order of rows is not kept, which saves memory and time.
"""

import sys

import duckdb

from yellow import COLUMNS, CONFORMED, PURPOSE_BUILT, partition_files, partition_folder


def main() -> None:
    input_path, out, sql_path, date = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    columns = ", ".join(f"'{name.lower()}': '{kind}'" for name, kind in COLUMNS.items())
    conformed = partition_folder(out, CONFORMED, date)
    connection.execute(
        f"COPY (FROM read_csv('{input_path}', header = true, delim = ',', quote = '\"', "
        f"auto_detect = false, columns = {{{columns}}})) "
        f"TO '{conformed}/trips.parquet' (FORMAT parquet, COMPRESSION snappy)"
    )
    connection.execute("CREATE SCHEMA datalake_raw_source")
    connection.execute(
        "CREATE VIEW datalake_raw_source.yellow_taxi_trip_record AS FROM read_parquet("
        f"'{partition_files(out, CONFORMED)}', hive_partitioning = true, "
        "hive_types = {'year': VARCHAR, 'month': VARCHAR, 'day': VARCHAR})"
    )
    with open(sql_path, encoding="utf-8") as file:
        sql = file.read()
    purpose_built = partition_folder(out, PURPOSE_BUILT, date)
    connection.execute(
        f"COPY (SELECT * EXCLUDE (year, month, day) FROM ({sql})) "
        f"TO '{purpose_built}/part-0.parquet' (FORMAT parquet, COMPRESSION snappy)"
    )


if __name__ == "__main__":
    main()
