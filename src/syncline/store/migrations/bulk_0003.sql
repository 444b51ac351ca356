-- API calls: what each connection may use in a day, and what it used.

CREATE TABLE budgets (
    connection_id bigint PRIMARY KEY,
    ceiling       bigint,           -- calls a day; none: whatever the org allows
    reserve       bigint            -- calls kept for opt-outs and new leads; none: a hundredth of what is allowed
);

CREATE TABLE call_days (
    connection_id bigint NOT NULL,
    day           date NOT NULL,    -- UTC
    calls         bigint NOT NULL,
    org_used      bigint,           -- of the whole org, as its last answer told
    org_limit     bigint,
    PRIMARY KEY (connection_id, day)
);
