-- Quality rules of tables, and what came of them in each run.

-- Versions are added, never changed. The rules are JSON.
CREATE TABLE quality_rules (
    environment   TEXT   NOT NULL,
    database_name TEXT   NOT NULL,
    table_name    TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    document      TEXT   NOT NULL,
    author        TEXT   NOT NULL,
    message       TEXT   NOT NULL,
    saved_at      BIGINT NOT NULL,
    PRIMARY KEY (environment, database_name, table_name, version)
);

-- What came of the rules of a table in one hop of a run, as JSON. A later attempt at the hop has a
-- higher fence and takes the place of an earlier one.
CREATE TABLE quality_judgements (
    environment   TEXT   NOT NULL,
    run           TEXT   NOT NULL,
    hop           TEXT   NOT NULL,
    fence         BIGINT NOT NULL,
    database_name TEXT   NOT NULL,
    table_name    TEXT   NOT NULL,
    -- The worst verdict and the names of broken rules, as JSON: what lists show.
    verdict       TEXT   NOT NULL,
    broken        TEXT   NOT NULL,
    document      TEXT   NOT NULL,
    judged_at     BIGINT NOT NULL,
    PRIMARY KEY (run, hop)
);
CREATE INDEX quality_judgements_by_table
    ON quality_judgements (environment, database_name, table_name, judged_at);
