"""Checks that all contestants wrote the same: row counts and sums of every numeric column.

Usage: compare.py NAME=OUT=TABLE [NAME=OUT=TABLE ...]

OUT is a folder with both zones, TABLE the folder of the table below a zone, which may be empty. Prints the row counts as JSON; ends with status 1 and the differences
when a contestant disagrees with the first one.
"""

import json
import math
import os
import sys

import duckdb

from yellow import COLUMNS, CONFORMED, PURPOSE_BUILT, SUMS, partition_files


def totals(out: str, table: str) -> dict[str, float]:
    """Rows and sums of both zones."""
    numeric = [name for name, kind in COLUMNS.items() if kind in ("BIGINT", "DOUBLE")]
    times = [name for name, kind in COLUMNS.items() if kind == "TIMESTAMP"]
    conformed = {f"sum({name})": f"sum({name})" for name in numeric}
    conformed |= {f"sum({name})": f"sum(epoch_us({name}) // 1000000)" for name in times}
    conformed["flags Y"] = "count(*) FILTER (store_and_fwd_flag = 'Y')"
    purpose_built = {f"sum({name})": f"sum({name})" for name in SUMS}
    zones = {CONFORMED: conformed, PURPOSE_BUILT: purpose_built}
    return {
        f"{zone}: {name}": value
        for zone, measures in zones.items()
        for name, value in measured(partition_files(out, os.path.join(zone, table)), measures).items()
    }


def measured(files: str, measures: dict[str, str]) -> dict[str, float]:
    """The measures over all rows of `files`."""
    expressions = ", ".join(["count(*)", *measures.values()])
    query = f"SELECT {expressions} FROM read_parquet('{files}', hive_partitioning = false)"
    values = duckdb.execute(query).fetchone()
    return dict(zip(["rows", *measures], map(float, values), strict=True))


def main() -> int:
    arguments = [argument.split("=") for argument in sys.argv[1:]]
    found = {name: totals(out, table) for name, out, table in arguments}
    first_name, first = next(iter(found.items()))
    differences = [
        f"{measure}: {first_name} has {first[measure]}, {name} has {value}"
        for name, measures in found.items()
        for measure, value in measures.items()
        # Doubles are added in another order by each engine.
        if not math.isclose(value, first[measure], rel_tol=1e-9, abs_tol=1e-6)
    ]
    for difference in differences:
        print(difference, file=sys.stderr)
    rows = {zone: int(first[f"{zone}: rows"]) for zone in (CONFORMED, PURPOSE_BUILT)}
    print(json.dumps({"rows": rows, "measures": len(first)}))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
