-- What catalog tables were over time: a row for each change of columns or descriptions, with the
-- table as it was from then on. Rows are added, never changed.
CREATE TABLE catalog_history (
    environment   TEXT   NOT NULL,
    database_name TEXT   NOT NULL,
    table_name    TEXT   NOT NULL,
    -- The version of the table that the change made.
    version       BIGINT NOT NULL,
    document      TEXT   NOT NULL,
    -- JSON: a run with its definition's version, or a person. NULL on what was there before.
    changed_by    TEXT,
    changed_at    BIGINT,
    PRIMARY KEY (environment, database_name, table_name, version),
    FOREIGN KEY (environment, database_name, table_name)
        REFERENCES catalog_tables (environment, database_name, table_name) ON DELETE CASCADE
);

-- What is there already is where the history begins.
INSERT INTO catalog_history (environment, database_name, table_name, version, document)
    SELECT environment, database_name, table_name, version, document FROM catalog_tables;
