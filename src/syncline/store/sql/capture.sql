-- body --
-- What an edit of contacts leaves behind: a log row per changed field, and what is to be sent waits in the outbox.
-- Edits made by the sync of a connection log themselves and are not sent back.
DECLARE
    author text := coalesce(nullif(current_setting('syncline.origin', true), ''), 'sql:' || session_user);
    moment timestamptz := coalesce(nullif(current_setting('syncline.now', true), '')::timestamptz, clock_timestamp());
BEGIN
    IF starts_with(author, 'connection:') THEN
        RETURN NULL;
    END IF;
    WITH changed AS MATERIALIZED (
        SELECT after.id, value.field, value.lane, value.pushed, value.was, value.becomes
        FROM after JOIN before ON before.id = after.id
        CROSS JOIN LATERAL (VALUES {values}) value (field, lane, pushed, was, becomes)
        WHERE value.was IS DISTINCT FROM value.becomes
    ), logged AS (
        INSERT INTO change_log (run_id, at, contact_id, action, field, old, new, rule, origin)
        SELECT nullif(current_setting('syncline.run', true), '')::bigint, moment, changed.id, 'update',
               changed.field, changed.was, changed.becomes, nullif(current_setting('syncline.rule', true), ''), author
        FROM changed
    )
    INSERT INTO outbox (contact_id, kind, lane, fields, version)
    SELECT changed.id, 'change', min(changed.lane), jsonb_object_agg(changed.field, changed.was),
           nextval('outbox_version')
    FROM changed JOIN links ON links.contact_id = changed.id
        -- Outside of a filter only what protects people is sent: the lane of consent.
        AND (links.state = 'live' OR links.state = 'outside' AND changed.lane = 0)
    WHERE changed.pushed
    GROUP BY changed.id
    ON CONFLICT (contact_id) DO UPDATE
    SET fields = excluded.fields || outbox.fields, lane = least(outbox.lane, excluded.lane),
        version = excluded.version, state = 'waiting', attempts = 0, reason = NULL, not_before = NULL;
    RETURN NULL;
END;

-- function --
-- The trigger's function, made anew with each mapping.
CREATE OR REPLACE FUNCTION contacts_capture() RETURNS trigger LANGUAGE plpgsql AS {body};

-- trigger --
-- Once per statement, with all its rows: an UPDATE of a million contacts costs one pass.
CREATE OR REPLACE TRIGGER contacts_capture AFTER UPDATE ON contacts
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION contacts_capture();
