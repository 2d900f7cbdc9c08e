-- The state of the data flow. One schema for SQLite and PostgreSQL, in the subset that they share:
-- ids and dates are text, points in time are bigint microseconds since 1970 in UTC, JSON is text,
-- flags are 0 or 1. Every row belongs to one environment.

-- The run ledger. A run row is also the job that a worker claims.
CREATE TABLE runs (
    id               TEXT   NOT NULL PRIMARY KEY,
    environment      TEXT   NOT NULL,
    dataset          TEXT   NOT NULL,
    bucket           TEXT   NOT NULL,
    object_key       TEXT   NOT NULL,
    object_version   TEXT   NOT NULL,
    sequencer        TEXT   NOT NULL,
    object_size      BIGINT NOT NULL,
    landed_at        BIGINT NOT NULL,
    -- 1 on the first record of an arrival, 0 on its duplicates and replays.
    is_first_record  BIGINT NOT NULL,
    started_by       TEXT   NOT NULL,
    actor            TEXT   NOT NULL,
    status           TEXT   NOT NULL,
    attempt          BIGINT NOT NULL,
    failure          TEXT,
    original         TEXT,
    steps            TEXT   NOT NULL,
    engine           TEXT   NOT NULL,
    rows_read        BIGINT NOT NULL,
    rows_written     BIGINT NOT NULL,
    rows_rejected    BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    started_at       BIGINT,
    finished_at      BIGINT,
    due_at           BIGINT NOT NULL,
    worker           TEXT,
    lease_until      BIGINT,
    fence            BIGINT NOT NULL,
    cancel_requested BIGINT NOT NULL
);

-- Of two equal arrivals only one can be the first.
CREATE UNIQUE INDEX runs_first_record
    ON runs (environment, bucket, object_key, object_version) WHERE is_first_record = 1;
-- However workers race, a dataset has at most one running run.
CREATE UNIQUE INDEX runs_one_running_per_dataset
    ON runs (environment, dataset) WHERE status = 'RUNNING';
CREATE INDEX runs_by_status ON runs (environment, status, id);
CREATE INDEX runs_by_dataset ON runs (environment, dataset, status, id);
CREATE INDEX runs_by_dataset_newest ON runs (environment, dataset, id);
CREATE INDEX runs_by_key ON runs (environment, object_key, id);
CREATE INDEX runs_newest ON runs (environment, id);

-- What the conformed zone holds of each raw object.
CREATE TABLE committed_objects (
    environment TEXT   NOT NULL,
    dataset     TEXT   NOT NULL,
    object_key  TEXT   NOT NULL,
    document    TEXT   NOT NULL,
    run         TEXT   NOT NULL,
    PRIMARY KEY (environment, dataset, object_key)
);

-- The files of those objects, for totals by partition.
CREATE TABLE committed_files (
    environment   TEXT   NOT NULL,
    dataset       TEXT   NOT NULL,
    object_key    TEXT   NOT NULL,
    partition_day TEXT   NOT NULL,
    file_path     TEXT   NOT NULL,
    row_count     BIGINT NOT NULL,
    byte_count    BIGINT NOT NULL,
    PRIMARY KEY (environment, dataset, object_key, file_path)
);
CREATE INDEX committed_files_by_partition
    ON committed_files (environment, dataset, partition_day);

-- Notifications that wait for delivery, were delivered or were given up.
CREATE TABLE outbox (
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    state        TEXT   NOT NULL,
    last_error   TEXT,
    delivered_at BIGINT,
    PRIMARY KEY (environment, id)
);
CREATE INDEX outbox_waiting ON outbox (environment, due_at) WHERE state = 'WAITING';

-- Registrations. Rows are added, never changed.
CREATE TABLE source_versions (
    environment TEXT   NOT NULL,
    dataset     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    document    TEXT   NOT NULL,
    author      TEXT   NOT NULL,
    saved_at    BIGINT NOT NULL,
    PRIMARY KEY (environment, dataset, version)
);

-- Transformations. Rows are added, never changed.
CREATE TABLE transformation_versions (
    environment TEXT   NOT NULL,
    dataset     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    query_text  TEXT   NOT NULL,
    author      TEXT   NOT NULL,
    message     TEXT   NOT NULL,
    saved_at    BIGINT NOT NULL,
    PRIMARY KEY (environment, dataset, version)
);

-- The catalog. The version of a table counts its updates, for compare-and-swap.
CREATE TABLE catalog_tables (
    environment   TEXT   NOT NULL,
    database_name TEXT   NOT NULL,
    table_name    TEXT   NOT NULL,
    document      TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (environment, database_name, table_name)
);

CREATE TABLE catalog_partitions (
    environment   TEXT   NOT NULL,
    database_name TEXT   NOT NULL,
    table_name    TEXT   NOT NULL,
    partition_day TEXT   NOT NULL,
    row_count     BIGINT NOT NULL,
    byte_count    BIGINT NOT NULL,
    file_count    BIGINT NOT NULL,
    run           TEXT   NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (environment, database_name, table_name, partition_day),
    FOREIGN KEY (environment, database_name, table_name)
        REFERENCES catalog_tables (environment, database_name, table_name) ON DELETE CASCADE
);
