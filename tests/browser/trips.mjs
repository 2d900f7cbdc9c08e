// The green taxi trips that the walk begins with: the real month where it is there, else generated ones.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const shared = process.env.SLUICE_SHARED_DATA ?? resolve("../shared/data");

/** The path of the file, inside `lake`'s folder when it had to be made. */
export function greenTrips(lake) {
    const real = join(shared, "green_tripdata_2020-08.csv.gz");
    if (existsSync(real)) return real;
    const made = join(lake.folder, "green_tripdata_2020-08.csv");
    lake.run("generate-trips", "--kind", "green", "--rows", "20000", "--out", made);
    return made;
}

/** Writes a file that begins with the same trips; `rows` of them, again and again where need be. */
export function someTrips(lake, name, rows) {
    const bytes = readFileSync(greenTrips(lake));
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const lines = (isPacked ? gunzipSync(bytes) : bytes).toString("utf8").split("\n");
    const trips = lines.slice(1, 2001);
    const taken = Array.from({ length: rows }, (_, at) => trips[at % trips.length]);
    const path = join(lake.folder, name);
    writeFileSync(path, [lines[0], ...taken, ""].join("\n"));
    return path;
}
