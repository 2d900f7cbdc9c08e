-- SQL that somebody is still writing: one draft per person and dataset, not live until it is saved.
CREATE TABLE transformation_drafts (
    environment  TEXT   NOT NULL,
    dataset      TEXT   NOT NULL,
    -- The user's id.
    owner        TEXT   NOT NULL,
    sql_text     TEXT   NOT NULL,
    -- The version of the transformation that it was made from; 0 when there was none.
    base_version BIGINT NOT NULL,
    kept_at      BIGINT NOT NULL,
    PRIMARY KEY (environment, dataset, owner)
);
