"""What all jobs share: the columns of a yellow file and where the outputs go."""

import os

CONFORMED = "conformed"
PURPOSE_BUILT = "purpose-built"

# In the order of the file. The conformed table has the names in lower case.
COLUMNS = {
    "VendorID": "BIGINT",
    "tpep_pickup_datetime": "TIMESTAMP",
    "tpep_dropoff_datetime": "TIMESTAMP",
    "passenger_count": "BIGINT",
    "trip_distance": "DOUBLE",
    "RatecodeID": "BIGINT",
    "store_and_fwd_flag": "VARCHAR",
    "PULocationID": "BIGINT",
    "DOLocationID": "BIGINT",
    "payment_type": "BIGINT",
    "fare_amount": "DOUBLE",
    "extra": "DOUBLE",
    "mta_tax": "DOUBLE",
    "tip_amount": "DOUBLE",
    "tolls_amount": "DOUBLE",
    "improvement_surcharge": "DOUBLE",
    "total_amount": "DOUBLE",
    "congestion_surcharge": "DOUBLE",
}

# Columns of the purpose-built table that add up.
SUMS = [
    "count",
    "vendorid",
    "pulocationid",
    "dolocationid",
    "payment_type",
    "passenger_count",
    "total_trip_distance",
    "total_fare_amount",
    "total_extra",
    "total_tip_amount",
    "total_tolls_amount",
    "total_amount",
]


def partition_folder(out: str, zone: str, date: str) -> str:
    """Makes and returns `<out>/<zone>/year=YYYY/month=MM/day=DD`."""
    year, month, day = date.split("-")
    folder = os.path.join(out, zone, f"year={year}", f"month={month}", f"day={day}")
    os.makedirs(folder, exist_ok=True)
    return folder


def partition_files(out: str, zone: str) -> str:
    """A pattern that matches all Parquet files of a zone."""
    return os.path.join(out, zone, "year=*", "month=*", "day=*", "*.parquet")
