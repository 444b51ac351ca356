-- Fields whose changes no stamp tells: when an object was swept for them, and which an operator named.

CREATE TABLE sweeps (
    connection_id bigint NOT NULL,
    object        text COLLATE "C" NOT NULL,
    swept_at      timestamptz,
    fields        text[] NOT NULL,         -- beside those that describe calls calculated
    PRIMARY KEY (connection_id, object)
);
