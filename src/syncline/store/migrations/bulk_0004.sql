-- What the org shows of its objects, kept between runs: asking anew costs a call each.

CREATE TABLE describes (
    connection_id   bigint NOT NULL,
    object          text COLLATE "C" NOT NULL,
    shape           jsonb,                 -- domain.shape.ObjectShape; none: the object is not there for this user
    user_id         text NOT NULL,         -- whose view it is
    api_version     text NOT NULL,
    mapping_version integer NOT NULL,      -- the mapping that was in force when the org was last asked
    checked_at      timestamptz NOT NULL,
    PRIMARY KEY (connection_id, object)
);
