"""Both hops in Polars' streaming engine, with default threads and the schema given.

Usage: polars_job.py INPUT OUT SQL DATE

INPUT is a yellow CSV file; OUT gets both zones; SQL is not read, the reference query is written as
expressions; DATE is the ingest date.
"""

import sys

import polars as pl

from yellow import COLUMNS, CONFORMED, PURPOSE_BUILT, partition_files, partition_folder

# Timestamps are read as text and converted after: that takes Polars less than half the time.
TYPES = {
    "BIGINT": pl.Int64,
    "DOUBLE": pl.Float64,
    "VARCHAR": pl.String,
    "TIMESTAMP": pl.String,
}
TIMES = [name for name, kind in COLUMNS.items() if kind == "TIMESTAMP"]
KEYS = ["vendorid", "day", "month", "year", "pulocationid", "dolocationid", "payment_type"]
PARTITION = {"year": pl.String, "month": pl.String, "day": pl.String}


def main() -> None:
    input_path, out, _, date = sys.argv[1:]
    conformed = partition_folder(out, CONFORMED, date)
    trips = pl.scan_csv(input_path, schema={name: TYPES[kind] for name, kind in COLUMNS.items()})
    times = pl.col(TIMES).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
    trips = trips.with_columns(times).rename(str.lower)
    trips.sink_parquet(f"{conformed}/trips.parquet", compression="snappy", maintain_order=False)

    conformed = pl.scan_parquet(
        partition_files(out, CONFORMED), hive_partitioning=True, hive_schema=PARTITION
    )
    purpose_built = partition_folder(out, PURPOSE_BUILT, date)
    reference(conformed).sink_parquet(
        f"{purpose_built}/part-0.parquet", compression="snappy", maintain_order=False
    )


def reference(trips: pl.LazyFrame) -> pl.LazyFrame:
    """The reference query without its partition columns, which are in the path."""
    return (
        trips.group_by(KEYS)
        .agg(
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("passenger_count").sum(),
            pl.col("trip_distance").sum().alias("total_trip_distance"),
            pl.col("fare_amount").sum().alias("total_fare_amount"),
            pl.col("extra").sum().alias("total_extra"),
            pl.col("tip_amount").sum().alias("total_tip_amount"),
            pl.col("tolls_amount").sum().alias("total_tolls_amount"),
            pl.col("total_amount").sum(),
        )
        .with_columns(pl.col("vendorid").fill_null(-1))
        .drop("day", "month", "year")
    )


if __name__ == "__main__":
    main()
