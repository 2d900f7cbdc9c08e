-- Teams that a person is in, as `org/team` in lower case: approvals may ask for them. Read at each
-- sign-in, in place of those before; they lapse with the roles that teams give.
CREATE TABLE team_memberships (
    user_id     TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team        TEXT   NOT NULL,
    valid_until BIGINT NOT NULL,
    PRIMARY KEY (user_id, team)
);
