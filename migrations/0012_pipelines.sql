-- Pipelines: executions, which are also the jobs that workers claim; their plans, decisions and logs;
-- what was deployed and what runs.

-- Where an environment stands. Whoever changes an execution locks the row of its environment first,
-- so that the changes of one environment take turns. Both columns are JSON.
CREATE TABLE pipeline_environments (
    environment TEXT NOT NULL PRIMARY KEY,
    running     TEXT,
    paused      TEXT
);

-- The document is all of an execution and the work on it; the columns beside it are for searching.
CREATE TABLE executions (
    id           TEXT   NOT NULL PRIMARY KEY,
    environment  TEXT   NOT NULL,
    branch       TEXT   NOT NULL,
    commit_id    TEXT   NOT NULL,
    -- 1 when nobody asked for it by name: such ones wait while the environment is paused.
    is_automatic BIGINT NOT NULL,
    requester    TEXT,
    status       TEXT   NOT NULL,
    deploy_begun BIGINT NOT NULL,
    release_id   TEXT,
    due_at       BIGINT NOT NULL,
    lease_until  BIGINT,
    expires_at   BIGINT,
    changed_at   BIGINT NOT NULL,
    document     TEXT   NOT NULL
);

-- However workers race, an environment has at most one running execution.
CREATE UNIQUE INDEX executions_one_running
    ON executions (environment) WHERE status = 'RUNNING';
CREATE INDEX executions_by_status ON executions (status, environment, id);
CREATE INDEX executions_newest ON executions (environment, id);
CREATE INDEX executions_by_change ON executions (changed_at);
CREATE INDEX executions_by_release ON executions (environment, release_id, status);

-- Pushes that started something, each once, however often they are told of.
CREATE TABLE processed_pushes (
    repository   TEXT   NOT NULL,
    reference    TEXT   NOT NULL,
    after_commit TEXT   NOT NULL,
    execution    TEXT   NOT NULL REFERENCES executions (id),
    processed_at BIGINT NOT NULL,
    PRIMARY KEY (repository, reference, after_commit)
);

-- Plans are added, never changed.
CREATE TABLE plans (
    id        TEXT   NOT NULL PRIMARY KEY,
    execution TEXT   NOT NULL REFERENCES executions (id),
    digest    TEXT   NOT NULL,
    made_at   BIGINT NOT NULL,
    document  TEXT   NOT NULL
);
CREATE INDEX plans_by_execution ON plans (execution, made_at);

-- What each person decided on a plan last.
CREATE TABLE decisions (
    plan       TEXT   NOT NULL REFERENCES plans (id),
    person     TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    document   TEXT   NOT NULL,
    PRIMARY KEY (plan, person)
);

-- What was carried out, newest by number.
CREATE TABLE deployments (
    environment TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    execution   TEXT   NOT NULL REFERENCES executions (id),
    document    TEXT   NOT NULL,
    PRIMARY KEY (environment, number)
);

-- What happened in an execution. Numbered from 1 in the order of writing.
CREATE TABLE execution_log (
    execution TEXT   NOT NULL REFERENCES executions (id),
    sequence  BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    level     TEXT   NOT NULL,
    stage     TEXT   NOT NULL,
    attempt   BIGINT NOT NULL,
    message   TEXT   NOT NULL,
    PRIMARY KEY (execution, sequence)
);
