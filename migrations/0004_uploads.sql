-- Uploads through the console, and what the quarantine pages look up.

-- A file on its way into the raw zone. Its bytes so far lie in a file beside the zone.
CREATE TABLE uploads (
    id             TEXT   NOT NULL PRIMARY KEY,
    environment    TEXT   NOT NULL,
    -- The user's id, and the name that goes to the run ledger.
    owner          TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    object_key     TEXT   NOT NULL,
    byte_count     BIGINT NOT NULL,
    -- Bytes that are on disk for certain.
    received       BIGINT NOT NULL,
    -- RECEIVING, LANDING (all bytes are there), LANDED.
    state          TEXT   NOT NULL,
    -- Of the landed object, known before it is moved.
    object_version TEXT,
    run            TEXT,
    created_at     BIGINT NOT NULL,
    changed_at     BIGINT NOT NULL
);
CREATE INDEX uploads_by_owner ON uploads (environment, owner, state);
CREATE INDEX uploads_by_change ON uploads (environment, changed_at);

-- Few runs reject rows; the quarantine lists those alone.
CREATE INDEX runs_with_rejected_rows ON runs (environment, id) WHERE rows_rejected > 0;
