-- Stacks that are simulated, the accounts that they are in, and parameters.

-- An account and region. Whoever changes a stack there locks its row first. The faults that were
-- asked for are JSON.
CREATE TABLE simulated_accounts (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    faults  TEXT NOT NULL,
    PRIMARY KEY (account, region)
);

-- What is in an account, whether a stack made it or it was left behind. The stack's ARN is empty for
-- what no stack holds. Properties are JSON, as found, which is not always as the stack made them.
CREATE TABLE simulated_resources (
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    physical_id   TEXT NOT NULL,
    stack         TEXT NOT NULL,
    properties    TEXT NOT NULL,
    PRIMARY KEY (account, region, resource_type, physical_id)
);

-- A stack as JSON: resources, outputs, and how far an execution has got; with the time at which its
-- next step is due, if something is under way. Deleted ones are kept for their events.
CREATE TABLE stacks (
    arn        TEXT   NOT NULL PRIMARY KEY,
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    document   TEXT   NOT NULL,
    due_at     BIGINT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX stacks_by_name ON stacks (account, region, name) WHERE deleted_at IS NULL;

-- What was prepared. The request is the digest of what was asked for; the document is JSON.
CREATE TABLE stack_change_sets (
    arn        TEXT   NOT NULL PRIMARY KEY,
    stack      TEXT   NOT NULL REFERENCES stacks (arn),
    name       TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    request    TEXT   NOT NULL,
    template   TEXT   NOT NULL,
    document   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (stack, name)
);

-- What happened, in the order of its number, as JSON.
CREATE TABLE stack_events (
    stack    TEXT   NOT NULL REFERENCES stacks (arn),
    number   BIGINT NOT NULL,
    document TEXT   NOT NULL,
    PRIMARY KEY (stack, number)
);

-- Every value of every parameter; the one with the highest version counts.
CREATE TABLE parameters (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    path       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    value      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, path, version)
);
