-- Plans that can be applied later, what waits while one is applied, and the brakes of each connection.

-- A plan is the delta of its run; this says of what it was made, and whether it can still be applied.
CREATE TABLE plans (
    run_id          bigint PRIMARY KEY,
    connection_id   bigint NOT NULL,
    mapping_version integer NOT NULL,
    made_at         timestamptz NOT NULL,
    state           text NOT NULL   -- open, superseded (something newer was read), applying, applied
);
CREATE INDEX plans_connection ON plans (connection_id, run_id);

-- What waits to be sent and is not in the plan that is being applied; it goes back to the outbox afterwards, or with the
-- next run where the process died.
CREATE TABLE outbox_aside (
    connection_id bigint NOT NULL,
    contact_id    bigint NOT NULL,
    kind          text NOT NULL,
    lane          smallint NOT NULL,
    fields        jsonb NOT NULL,
    attempts      integer NOT NULL,
    not_before    timestamptz,
    PRIMARY KEY (connection_id, contact_id)
);

-- What one run may change without a person's word; a connection without a row has the defaults.
CREATE TABLE brakes (
    connection_id     bigint PRIMARY KEY,
    changed           double precision NOT NULL,  -- shares of the contacts before the run
    deleted           double precision NOT NULL,
    deleted_at_least  bigint NOT NULL,
    blanked           double precision NOT NULL,
    contacts_at_least bigint NOT NULL
);
