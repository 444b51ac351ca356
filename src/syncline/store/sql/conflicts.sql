-- held --
-- Conflicts that wait for a person, with what each side holds and the value both agreed on before.
SELECT waiting.contact_id, link.object, link.record_id, contact.email, waiting.field, waiting.base,
       CASE waiting.field {ours} END, CASE {theirs} END
FROM field_bases waiting
JOIN links link ON link.contact_id = waiting.contact_id AND link.connection_id = waiting.connection_id
    AND link.state = 'live'
JOIN contacts contact ON contact.id = waiting.contact_id
{mirrors}
WHERE waiting.connection_id = %(connection_id)s AND waiting.held
ORDER BY waiting.contact_id, waiting.field LIMIT %(rows)s;

-- count --
-- How many conflicts wait.
SELECT count(*) FROM field_bases WHERE connection_id = %(connection_id)s AND held;

-- chosen --
-- The conflicts that are settled now.
CREATE TEMP TABLE settled ON COMMIT DROP AS
SELECT contact_id, field FROM field_bases
WHERE connection_id = %(connection_id)s AND held AND (%(contact_id)s::bigint IS NULL OR contact_id = %(contact_id)s)
  AND (%(field)s::text IS NULL OR field = %(field)s);

-- keep_ours --
-- Our value stands: it is sent as if Salesforce's were agreed on.
INSERT INTO outbox (contact_id, kind, lane, fields, version)
SELECT settled.contact_id, 'change', min(rules.lane), jsonb_object_agg(settled.field, NULL::text),
       nextval('outbox_version')
FROM settled JOIN (VALUES {lanes}) rules (field, lane) ON rules.field = settled.field
GROUP BY settled.contact_id
ON CONFLICT (contact_id) DO UPDATE
SET fields = excluded.fields || outbox.fields, lane = least(outbox.lane, excluded.lane), version = excluded.version,
    state = 'waiting', attempts = 0, reason = NULL, not_before = NULL;

-- author --
-- Who settles, and when: capture notes both.
SELECT set_config('syncline.origin', %(origin)s, true), set_config('syncline.now', %(moment)s, true),
       set_config('syncline.rule', 'conflict settled', true);

-- take_theirs --
-- Salesforce's value stands: contacts of one object take it.
UPDATE contacts contact SET {assignments}, updated_at = %(now)s
FROM (
    SELECT settled.contact_id, jsonb_object_agg(settled.field, CASE settled.field {theirs} END) AS new
    FROM settled
    JOIN links link ON link.contact_id = settled.contact_id AND link.connection_id = %(connection_id)s
        AND link.object = %(object)s AND link.state = 'live'
    JOIN {mirror} mirror ON mirror.id = link.record_id
    GROUP BY settled.contact_id
) taken
WHERE contact.id = taken.contact_id;

-- forget --
-- They are no conflicts any more.
DELETE FROM field_bases waiting USING settled
WHERE waiting.connection_id = %(connection_id)s AND waiting.contact_id = settled.contact_id
  AND waiting.field = settled.field;

-- log_kept --
-- That our value stands is in the history, though it stays as it is.
INSERT INTO change_log (at, contact_id, action, field, rule, origin)
SELECT %(now)s, contact_id, 'settled', field, %(rule)s, %(origin)s FROM settled;
