-- People, what they may do, what they act through, and what they did. Secrets are never stored,
-- only their SHA-256; they have 256 random bits, so that no salt is needed.

-- A person is who the provider says, by the provider's number for them: logins are given up and
-- taken by others.
CREATE TABLE users (
    id           TEXT   NOT NULL PRIMARY KEY,
    provider     TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    login        TEXT   NOT NULL,
    full_name    TEXT,
    created_at   BIGINT NOT NULL,
    signed_in_at BIGINT
);
CREATE UNIQUE INDEX users_by_subject ON users (provider, subject);

-- Roles. The environment is '' for all of them. Those of origin `team` are replaced at each sign-in
-- and lapse, those of origin `manual` stay until somebody takes them away.
CREATE TABLE role_grants (
    user_id     TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    origin      TEXT   NOT NULL,
    granted_by  TEXT   NOT NULL,
    granted_at  BIGINT NOT NULL,
    valid_until BIGINT,
    PRIMARY KEY (user_id, role, environment, origin)
);

CREATE TABLE sessions (
    secret_hash TEXT   NOT NULL PRIMARY KEY,
    user_id     TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The scopes are a JSON list of permissions. The prefix is what people recognise a token by.
CREATE TABLE api_tokens (
    id           TEXT   NOT NULL PRIMARY KEY,
    secret_hash  TEXT   NOT NULL UNIQUE,
    prefix       TEXT   NOT NULL,
    token_name   TEXT   NOT NULL,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- Sign-ins that are at the provider: bound to one browser by a cookie, and taken out once.
CREATE TABLE sign_in_attempts (
    state_hash   TEXT   NOT NULL PRIMARY KEY,
    browser_hash TEXT   NOT NULL,
    verifier     TEXT   NOT NULL,
    next_path    TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_expiry ON sign_in_attempts (expires_at);

-- Links that start one session.
CREATE TABLE sign_in_links (
    code_hash  TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

-- Who changed what. Rows are added, never changed.
CREATE TABLE audit_log (
    id            TEXT   NOT NULL PRIMARY KEY,
    at            BIGINT NOT NULL,
    actor         TEXT   NOT NULL,
    actor_id      TEXT   NOT NULL,
    via           TEXT   NOT NULL,
    action        TEXT   NOT NULL,
    environment   TEXT,
    object        TEXT   NOT NULL,
    before_change TEXT,
    after_change  TEXT,
    request_id    TEXT   NOT NULL
);
CREATE INDEX audit_log_by_actor ON audit_log (actor, id);
CREATE INDEX audit_log_by_action ON audit_log (action, id);

-- Answers to changes that may be sent again. The status is null while the first is under way.
CREATE TABLE idempotency_keys (
    user_id      TEXT   NOT NULL,
    idem_key     TEXT   NOT NULL,
    request      TEXT   NOT NULL,
    body_hash    TEXT   NOT NULL,
    status       BIGINT,
    content_type TEXT,
    answer       TEXT,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, idem_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
