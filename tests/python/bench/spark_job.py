"""Both hops in local PySpark, with the schema given: what the sample's Glue jobs do.

Usage: spark_job.py INPUT OUT SQL DATE

INPUT is a yellow CSV file; OUT gets both zones; SQL is a file with the reference query, run verbatim;
DATE is the ingest date.
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import types as t

from yellow import COLUMNS, CONFORMED, PURPOSE_BUILT, partition_folder

TYPES = {
    "BIGINT": t.LongType(),
    "DOUBLE": t.DoubleType(),
    "VARCHAR": t.StringType(),
    "TIMESTAMP": t.TimestampType(),
}


def main() -> None:
    input_path, out, sql_path, date = sys.argv[1:]
    spark = (
        SparkSession.builder.master("local[*]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        # As double-quoted names are written for Athena.
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.ansi.doubleQuotedIdentifiers", "true")
        # As many partitions as cores shuffle small data fastest.
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    schema = t.StructType(
        [t.StructField(name.lower(), TYPES[kind]) for name, kind in COLUMNS.items()]
    )
    conformed = partition_folder(out, CONFORMED, date)
    trips = spark.read.csv(
        input_path, schema=schema, header=True, timestampFormat="yyyy-MM-dd HH:mm:ss"
    )
    trips.write.mode("overwrite").parquet(conformed)

    view = spark.read.parquet(f"{out}/{CONFORMED}")
    view.createOrReplaceTempView("yellow_taxi_trip_record")
    with open(sql_path, encoding="utf-8") as file:
        # A temporary view has no database.
        sql = file.read().replace('"datalake_raw_source".', "")
    purpose_built = partition_folder(out, PURPOSE_BUILT, date)
    result = spark.sql(sql).drop("year", "month", "day")
    result.write.mode("overwrite").parquet(purpose_built)
    spark.stop()


if __name__ == "__main__":
    main()
