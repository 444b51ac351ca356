-- drop --
-- An earlier look of this session is over.
DROP TABLE IF EXISTS undoing_made;

-- make --
-- What a run made, contacts here and records there, and the contacts that an undo of such a run put away; each with
-- whether somebody touched the contact since.
CREATE TEMP TABLE undoing_made AS
SELECT row_number() OVER (ORDER BY log.action, log.contact_id) AS number, log.id AS log_id, log.action, log.contact_id,
       link.object, link.record_id, {touched} AS touched
FROM change_log log
JOIN contacts contact ON contact.id = log.contact_id
LEFT JOIN links link ON link.contact_id = log.contact_id AND link.connection_id = %(connection_id)s
WHERE log.run_id = %(run_id)s
  AND (log.action = 'create' AND log.origin = 'salesforce' OR log.action = 'created' AND link.state IN ('live', 'outside')
       OR log.action = 'archive');

-- touched --
-- Whether a contact is not as the run left it: anybody's edit, a later read, a merge. That it shows what stands for its
-- address is nobody's edit, and neither is an undo.
(contact.state <> CASE log.action WHEN 'archive' THEN 'archived' ELSE 'active' END OR EXISTS (
    SELECT FROM change_log later
    WHERE later.contact_id = log.contact_id AND later.id > log.id AND later.run_id IS DISTINCT FROM log.run_id
      AND later.origin <> 'consent' AND NOT starts_with(later.origin, 'undo:')));

-- index --
-- Batches are taken from it in order.
CREATE INDEX ON undoing_made (number);

-- totals --
-- By what was done: those that are taken back, and those that were touched since.
SELECT action, count(*) FILTER (WHERE NOT touched), count(*) FILTER (WHERE touched) FROM undoing_made GROUP BY action;

-- records --
-- Some of the records that were made in Salesforce.
SELECT object, record_id, contact_id, touched FROM undoing_made WHERE action = 'created'
ORDER BY touched, contact_id LIMIT %(rows)s;

-- batch --
-- Where the next batch ends; none when all are done.
SELECT max(number) FROM (
    SELECT number FROM undoing_made WHERE action = %(action)s AND number > %(after)s ORDER BY number LIMIT %(rows)s
) next;

-- lock --
-- Holds the contacts of a batch still.
SELECT id FROM contacts
WHERE id IN (SELECT contact_id FROM undoing_made
             WHERE action = %(action)s AND number > %(after)s AND number <= %(last)s)
ORDER BY id FOR UPDATE;

-- look_again --
-- An edit since the plan was made keeps its contact.
UPDATE undoing_made made SET touched = {touched}
FROM change_log log JOIN contacts contact ON contact.id = log.contact_id
WHERE made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s AND NOT made.touched
  AND log.contact_id = made.contact_id AND log.id = made.log_id;

-- set_state --
-- Contacts are put away, or come back.
UPDATE contacts SET state = %(state)s, updated_at = %(now)s
FROM undoing_made made
WHERE contacts.id = made.contact_id AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- set_links --
-- Their records are dismissed, or followed again.
UPDATE links SET state = %(link_state)s
FROM undoing_made made
WHERE links.connection_id = %(connection_id)s AND links.contact_id = made.contact_id AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- leave_out --
-- Records of contacts that are put away are not imported again.
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT %(connection_id)s, made.object, made.record_id, 'deleted_here' FROM undoing_made made
WHERE made.record_id IS NOT NULL AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;

-- let_in --
-- Records of contacts that come back are left out no more.
DELETE FROM left_out USING undoing_made made
WHERE left_out.connection_id = %(connection_id)s AND left_out.object = made.object
  AND left_out.record_id = made.record_id AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- forget_waiting --
-- Nothing waits of contacts that are put away.
DELETE FROM outbox USING undoing_made made
WHERE outbox.contact_id = made.contact_id AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- forget_bases --
-- Nor is anything left to agree on.
DELETE FROM field_bases USING undoing_made made
WHERE field_bases.contact_id = made.contact_id AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- meet_again --
-- What contacts that come back and their records hold by now, the next sync decides as at a first meeting.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT %(connection_id)s, made.contact_id, field.name, NULL, false
FROM undoing_made made CROSS JOIN unnest(%(fields)s::text[]) field (name)
WHERE made.record_id IS NOT NULL AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s
ON CONFLICT DO NOTHING;

-- touch --
-- Their records are looked at by the next sync.
INSERT INTO touched (connection_id, object, record_id)
SELECT %(connection_id)s, made.object, made.record_id FROM undoing_made made
WHERE made.record_id IS NOT NULL AND NOT made.touched
  AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s
ON CONFLICT DO NOTHING;

-- log --
-- Each in the change log.
INSERT INTO change_log (run_id, at, contact_id, action, old, new, rule, origin)
SELECT %(undo_id)s, %(now)s, made.contact_id, %(told)s, made.record_id, NULL, 'undone', %(origin)s
FROM undoing_made made
WHERE NOT made.touched AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- counted --
-- How many of a batch were taken back.
SELECT count(*) FROM undoing_made made
WHERE NOT made.touched AND made.action = %(action)s AND made.number > %(after)s AND made.number <= %(last)s;

-- made_there --
-- The next records that were made in Salesforce and whose contacts nobody touched since.
SELECT number, object, record_id, contact_id FROM undoing_made
WHERE action = 'created' AND object = %(object)s AND NOT touched AND number > %(after)s
ORDER BY number LIMIT %(rows)s;

-- unlink --
-- Contacts whose record was deleted again stand by themselves.
DELETE FROM links WHERE connection_id = %(connection_id)s AND record_id = ANY(%(record_ids)s);

-- stand_alone --
-- They may be matched anew.
UPDATE contacts SET linked = false, updated_at = %(now)s WHERE id = ANY(%(contact_ids)s);

-- gone_there --
-- The mirror knows that the records are deleted.
UPDATE {mirror} mirror SET isdeleted = true WHERE mirror.id = ANY(%(record_ids)s);

-- forget_edits --
-- Nothing waits to be sent to them.
DELETE FROM outbox WHERE contact_id = ANY(%(contact_ids)s) AND kind = 'change';

-- log_deleted --
-- Each deletion in the change log.
INSERT INTO change_log (run_id, at, contact_id, action, old, rule, origin)
SELECT %(undo_id)s, %(now)s, gone.contact_id, 'uncreated', gone.record_id, 'undone', %(origin)s
FROM jsonb_to_recordset(%(rows)s) gone (contact_id bigint, record_id text);
