-- Releases: what was built, by the digest that names it. The bytes of their files lie outside.

-- Rows are added, never changed. The files are JSON: path, digest and length of each.
CREATE TABLE releases (
    id         TEXT   NOT NULL PRIMARY KEY,
    -- The commit that it was built from first.
    commit_id  TEXT   NOT NULL,
    definition TEXT   NOT NULL,
    files      TEXT   NOT NULL,
    built_at   BIGINT NOT NULL
);
CREATE INDEX releases_by_time ON releases (built_at);
