-- What the console asks of runs: what changed since, counts by day, by status and by dataset, and
-- what happened in a run line by line.

-- Set by every statement that writes a run, so that whoever shows runs asks for changes alone.
ALTER TABLE runs ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET changed_at = COALESCE(finished_at, started_at, created_at);
CREATE INDEX runs_by_change ON runs (environment, changed_at);

-- Lists by who and what started a run.
CREATE INDEX runs_by_actor ON runs (environment, actor, id);
CREATE INDEX runs_by_trigger ON runs (environment, started_by, id);

-- Counts are read from these indexes alone; a run's row is long.
CREATE INDEX runs_by_day ON runs (environment, created_at, status, dataset, rows_written);
CREATE INDEX runs_landed ON runs (environment, landed_at, object_size) WHERE is_first_record = 1;

-- What happened in a run. Numbered from 1 in the order of writing.
CREATE TABLE run_log (
    environment TEXT   NOT NULL,
    run         TEXT   NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    sequence    BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    level       TEXT   NOT NULL,
    attempt     BIGINT NOT NULL,
    hop         TEXT,
    message     TEXT   NOT NULL,
    PRIMARY KEY (run, sequence)
);
