-- values --
-- One contact beside the record it is linked to: each mapped field in canonical text.
SELECT jsonb_object_agg(value.field, jsonb_build_array(value.ours, value.theirs))
FROM contacts contact
LEFT JOIN {mirror} mirror ON mirror.id = %(record_id)s
CROSS JOIN LATERAL (VALUES {values}) value (field, ours, theirs)
WHERE contact.id = %(contact_id)s;

-- link --
-- The record that a contact is linked to over a connection, a living one first.
SELECT object, record_id, state FROM links
WHERE contact_id = %(contact_id)s AND connection_id = %(connection_id)s ORDER BY state = 'live' DESC LIMIT 1;

-- bases --
-- Agreed values that are kept apart from the mirror's.
SELECT field, base, held FROM field_bases WHERE connection_id = %(connection_id)s AND contact_id = %(contact_id)s;

-- outbox --
-- What waits to be sent of a contact.
SELECT kind, state, reason, not_before, fields FROM outbox WHERE contact_id = %(contact_id)s;

-- issues --
-- What is open about a contact, its record or a field of them; the newest first.
SELECT field, code, message, remedy FROM issues
WHERE connection_id = %(connection_id)s AND state = 'open'
  AND (contact_id = %(contact_id)s OR record_id = %(record_id)s)
ORDER BY at DESC;

-- suspended --
-- Fields of an object that the org's shape keeps from being synced for the moment.
SELECT field, code, message, remedy FROM issues
WHERE connection_id = %(connection_id)s AND state = 'open' AND object = %(object)s AND code = ANY(%(drift)s)
ORDER BY at;

-- last_changes --
-- The newest line of the change log about each field.
SELECT DISTINCT ON (field) field, at, action, old, new, rule, origin, run_id FROM change_log
WHERE contact_id = %(contact_id)s AND field IS NOT NULL ORDER BY field, id DESC;

-- history --
-- The newest lines of the change log about one field.
SELECT at, action, old, new, rule, origin, run_id FROM change_log
WHERE contact_id = %(contact_id)s AND field = %(field)s ORDER BY id DESC LIMIT %(rows)s;

-- unexplained --
-- Lines of the change log that no explanation can be given for: without an author, by a run that is not kept, or by the
-- sync itself without the rule that decided; and values that are not what the newest line about them says.
SELECT count(*) FILTER (WHERE why = 'author'), count(*) FILTER (WHERE why = 'run'), count(*) FILTER (WHERE why = 'rule'),
       count(*) FILTER (WHERE why = 'value')
FROM (
    SELECT CASE
        WHEN log.origin = '' THEN 'author'
        WHEN log.run_id IS NOT NULL AND run.id IS NULL THEN 'run'
        WHEN log.rule IS NULL AND (log.run_id IS NOT NULL OR log.origin IN ('salesforce', 'marketing', 'consent'))
            THEN 'rule' END AS why
    FROM change_log log LEFT JOIN runs run ON run.id = log.run_id
    UNION ALL
    SELECT 'value' FROM (
        SELECT DISTINCT ON (log.contact_id, log.field) log.contact_id, log.field, log.new FROM change_log log
        -- A value that lost is told in the same line as the one that won.
        WHERE log.action IN ('update', 'overruled') ORDER BY log.contact_id, log.field, log.id DESC
    ) newest
    JOIN contacts contact ON contact.id = newest.contact_id AND contact.state <> 'merged'
    CROSS JOIN LATERAL (VALUES {values}) value (field, present)
    WHERE value.field = newest.field AND value.present IS DISTINCT FROM newest.new
) line
WHERE why IS NOT NULL;

-- left_out --
-- The rule that leaves a record out.
SELECT object, reason FROM left_out WHERE connection_id = %(connection_id)s AND record_id = %(record_id)s;
