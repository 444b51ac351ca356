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

-- left_out --
-- The rule that leaves a record out.
SELECT object, reason FROM left_out WHERE connection_id = %(connection_id)s AND record_id = %(record_id)s;
