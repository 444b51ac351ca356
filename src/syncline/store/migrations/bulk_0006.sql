-- When each connection is looked at, how the latest look ended, and how far the consent lane is.
CREATE TABLE schedules (
    connection_id  bigint PRIMARY KEY,
    mode           text NOT NULL,      -- live, balanced, economy, fixed, manual
    every_seconds  integer,            -- fixed: seconds between two looks
    cron           text,               -- fixed: minute, hour, day, month, weekday, in UTC
    paused         boolean NOT NULL DEFAULT false,
    next_at        timestamptz,        -- the next look; none: at once, where the mode looks by itself
    looked_at      timestamptz,        -- when the latest look ended
    changed_at     timestamptz,        -- when a look last found or sent a change
    failures       integer NOT NULL DEFAULT 0,   -- how many looks in a row failed
    outcome        text NOT NULL DEFAULT '',     -- how the latest look ended, as runs say it
    message        text NOT NULL DEFAULT '',
    edits_seen     bigint NOT NULL DEFAULT 0,    -- the counter of local edits when the latest look began
    consent_sent   bigint NOT NULL DEFAULT 0,    -- the same counter when opt-outs were last sent
    consent_at     timestamptz,        -- when the consent lane last went to work
    consent_until  timestamptz         -- by the org's clock: how far opt-outs were looked for beside a run
);
