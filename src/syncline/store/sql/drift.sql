-- make_drift --
-- Values of linked people that differ from the mirror though nothing waits, is held or undecided: changed past the
-- engine. `edited`: the newest line of the log is an edit here, so the difference is what the mapping says.
CREATE TEMP TABLE drift ON COMMIT DROP AS
SELECT link.contact_id, link.object, link.record_id, value.field, value.lane, value.pushes, value.pulls, value.ours,
       value.theirs,
       coalesce((SELECT log.origin <> 'salesforce' AND log.action = 'update' AND log.new IS NOT DISTINCT FROM value.ours
                 FROM change_log log WHERE log.contact_id = link.contact_id AND log.field = value.field
                 ORDER BY log.id DESC LIMIT 1), false) AS edited
FROM links link
JOIN contacts contact ON contact.id = link.contact_id AND contact.state = 'active'
JOIN {mirror} mirror ON mirror.id = link.record_id AND NOT mirror.isdeleted
CROSS JOIN LATERAL (VALUES {values}) value (field, lane, pushes, pulls, sends_blank, ours, theirs)
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'live'
  AND value.ours IS DISTINCT FROM value.theirs
  AND NOT (value.pushes AND value.ours IS NULL AND NOT value.sends_blank)
  AND NOT EXISTS (SELECT 1 FROM field_bases base WHERE base.connection_id = %(connection_id)s
                  AND base.contact_id = link.contact_id AND base.field = value.field)
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.contact_id = link.contact_id AND outbox.fields ? value.field);

-- send_drift --
-- Where the mapping sends the field, our value is an edit that was missed.
INSERT INTO outbox (contact_id, kind, lane, fields, version)
SELECT contact_id, 'change', min(lane), jsonb_object_agg(field, theirs), nextval('outbox_version')
FROM drift WHERE pushes GROUP BY contact_id
ON CONFLICT (contact_id) DO UPDATE
SET fields = excluded.fields || outbox.fields, lane = least(outbox.lane, excluded.lane), version = excluded.version;

-- take_drift --
-- Where it is only read and nobody edited it here, Salesforce's value comes back: ours counts as agreed on before.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT %(connection_id)s, contact_id, field, ours, true FROM drift WHERE NOT pushes AND pulls AND NOT edited
ON CONFLICT DO NOTHING;

-- count_drift --
-- By field: values that are sent, values that are taken back, and edits here that stay.
SELECT field, count(*) FILTER (WHERE pushes), count(*) FILTER (WHERE NOT pushes AND pulls AND NOT edited),
       count(*) FILTER (WHERE NOT pushes AND (NOT pulls OR edited))
FROM drift GROUP BY field ORDER BY field;

-- drop_drift --
-- The next object's turn.
DROP TABLE drift;

-- touch_unexplained --
-- Records that neither have a contact nor a rule that leaves them out are decided anew.
INSERT INTO touched (connection_id, object, record_id)
SELECT %(connection_id)s, %(object)s, mirror.id FROM {mirror} mirror
WHERE NOT mirror.isdeleted
  AND NOT EXISTS (SELECT 1 FROM links link WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s
                  AND link.record_id = mirror.id)
  AND NOT EXISTS (SELECT 1 FROM left_out WHERE left_out.connection_id = %(connection_id)s
                  AND left_out.object = %(object)s AND left_out.record_id = mirror.id)
ON CONFLICT DO NOTHING;
