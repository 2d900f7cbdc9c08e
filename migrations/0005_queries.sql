-- The query workbench: what was asked, what is kept of it, and what people have open.

-- A query and how it ended. Its rows lie in a file beside the zones, as long as they are kept.
CREATE TABLE queries (
    id             TEXT   NOT NULL PRIMARY KEY,
    environment    TEXT   NOT NULL,
    -- The user's id, and the name that people read.
    owner          TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    sql_text       TEXT   NOT NULL,
    -- Of the text without white space at its ends: finds the last time of the same question.
    sql_hash       TEXT   NOT NULL,
    engine         TEXT   NOT NULL,
    -- QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED.
    state          TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    -- A running query whose server gives no sign of life has failed.
    seen_at        BIGINT NOT NULL,
    finished_at    BIGINT,
    -- 1: somebody asked to stop it, perhaps through another server.
    stop_asked     BIGINT NOT NULL,
    -- Microseconds.
    queued_for     BIGINT NOT NULL,
    ran_for        BIGINT NOT NULL,
    row_count      BIGINT NOT NULL,
    -- 1: the query has more rows than were kept.
    has_more       BIGINT NOT NULL,
    remark         TEXT,
    files          BIGINT NOT NULL,
    bytes_scanned  BIGINT NOT NULL,
    partitions     BIGINT NOT NULL,
    -- Bytes of the kept rows; null when none are kept.
    result_bytes   BIGINT,
    error          TEXT
);
CREATE INDEX queries_by_owner ON queries (environment, owner, id);
CREATE INDEX queries_by_text ON queries (environment, owner, sql_hash, id);
CREATE INDEX queries_with_result ON queries (environment, id) WHERE result_bytes IS NOT NULL;

-- Queries that people keep, and perhaps show to others.
CREATE TABLE saved_queries (
    id             TEXT   NOT NULL PRIMARY KEY,
    environment    TEXT   NOT NULL,
    owner          TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    description    TEXT   NOT NULL,
    sql_text       TEXT   NOT NULL,
    -- 1: everybody who may run queries here sees it.
    is_shared      BIGINT NOT NULL,
    -- Counts changes; compare-and-swap.
    version        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    changed_at     BIGINT NOT NULL
);
CREATE INDEX saved_queries_by_owner ON saved_queries (environment, owner);

-- The tabs that somebody has open, as JSON.
CREATE TABLE query_tabs (
    environment    TEXT   NOT NULL,
    owner          TEXT   NOT NULL,
    tabs           TEXT   NOT NULL,
    changed_at     BIGINT NOT NULL,
    PRIMARY KEY (environment, owner)
);
