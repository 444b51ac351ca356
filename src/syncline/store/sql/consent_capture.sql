-- body --
-- A contact that shows a fact of its address makes the fact stand; one whose address has it and that does not show it
-- waits to.
BEGIN
    INSERT INTO consent_facts (address, kind, at, source)
    SELECT DISTINCT ON (shown.address, shown.kind) shown.address, shown.kind,
           coalesce(nullif(current_setting('syncline.now', true), '')::timestamptz, clock_timestamp()),
           coalesce(nullif(current_setting('syncline.origin', true), ''), 'sql:' || session_user)
    FROM (
        SELECT lower(after.email) AS address, told.kind, told.flag
        FROM after CROSS JOIN LATERAL (VALUES {told}) told (kind, flag, shows)
        WHERE told.shows AND after.email IS NOT NULL AND after.state = 'active'
    ) shown
    LEFT JOIN suppressions standing ON standing.address = shown.address
    WHERE NOT coalesce(CASE shown.flag WHEN 'opted_out' THEN standing.opted_out ELSE standing.bounced END, false);
    INSERT INTO consent_pending (contact_id)
    SELECT after.id FROM after JOIN suppressions standing ON standing.address = lower(after.email)
    WHERE after.state = 'active' AND ({unshown}) ON CONFLICT DO NOTHING;
    RETURN NULL;
END;

-- function --
-- The trigger's function, made anew with each mapping.
CREATE OR REPLACE FUNCTION contacts_consent() RETURNS trigger LANGUAGE plpgsql AS {body};

-- insert_body --
-- A contact that is added here and shows a fact of its address makes the fact stand.
BEGIN
    INSERT INTO consent_facts (address, kind, at, source)
    SELECT lower(NEW.email), told.kind,
           coalesce(nullif(current_setting('syncline.now', true), '')::timestamptz, clock_timestamp()),
           coalesce(nullif(current_setting('syncline.origin', true), ''), 'sql:' || session_user)
    FROM (VALUES {told}) told (kind, flag, shows)
    WHERE told.shows AND NOT EXISTS (
        SELECT FROM suppressions standing WHERE standing.address = lower(NEW.email)
          AND CASE told.flag WHEN 'opted_out' THEN standing.opted_out ELSE standing.bounced END);
    RETURN NULL;
END;

-- insert_function --
-- The function of the trigger on single contacts.
CREATE OR REPLACE FUNCTION contacts_consent_added() RETURNS trigger LANGUAGE plpgsql AS {body};

-- on_insert --
-- Contacts that are added here. Those that a sync makes are linked from the start, and their records were read into
-- the ledger before: for them the trigger costs nothing.
CREATE OR REPLACE TRIGGER contacts_consent_insert AFTER INSERT ON contacts
FOR EACH ROW WHEN (NOT NEW.linked AND NEW.email IS NOT NULL AND ({shows})) EXECUTE FUNCTION contacts_consent_added();

-- on_update --
-- Contacts that change, their address included.
CREATE OR REPLACE TRIGGER contacts_consent_update AFTER UPDATE ON contacts
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION contacts_consent();
