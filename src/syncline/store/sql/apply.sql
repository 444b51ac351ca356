-- batch --
-- Where the next batch of a kind of rows ends: the number of its last row, none when nothing is left.
SELECT max(seq), count(*) FROM (
    SELECT seq FROM delta
    WHERE run_id = %(run_id)s AND seq > %(after)s AND seq < %(before)s ORDER BY seq LIMIT %(rows)s
) next;

-- create_contacts --
-- New contacts, their values read from the mirror through the mapping.
INSERT INTO contacts (id, linked, created_at, updated_at, {columns})
SELECT planned.contact_id, true, %(now)s, %(now)s, {values}
FROM delta planned JOIN {mirror} mirror ON mirror.id = planned.record_id
WHERE planned.run_id = %(run_id)s AND planned.seq > %(after)s AND planned.seq <= %(last)s;

-- create_links --
-- Their links.
INSERT INTO links (connection_id, object, record_id, contact_id, linked_at)
SELECT %(connection_id)s, object, record_id, contact_id, %(now)s
FROM delta WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s;

-- log_creates --
-- One row of the change log each.
INSERT INTO change_log (run_id, at, contact_id, action, rule, origin)
SELECT %(applied_by)s, %(now)s, contact_id, 'create', rule, 'salesforce'
FROM delta WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s;

-- lock_contacts --
-- Holds the contacts of a batch still, in one order, until it is applied.
SELECT contact.id FROM contacts contact
WHERE contact.id IN (SELECT contact_id FROM delta WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s)
ORDER BY contact.id FOR UPDATE;

-- mark_moved --
-- A contact edited between plan and apply: its row is left for the next run, nothing is overwritten.
UPDATE delta planned SET moved = true
FROM contacts contact
WHERE planned.run_id = %(run_id)s AND planned.seq > %(after)s AND planned.seq <= %(last)s
  AND planned.action = 'update' AND contact.id = planned.contact_id
  AND (CASE planned.field {ours} END) IS DISTINCT FROM planned.ours;

-- mark_group_moved --
-- Fields that move together are left together.
UPDATE delta planned SET moved = true
FROM delta other
JOIN (VALUES {members}) mine (field, move_with) ON mine.field = other.field
JOIN (VALUES {members}) beside (field, move_with) ON beside.move_with = mine.move_with
WHERE other.run_id = %(run_id)s AND other.seq > %(after)s AND other.seq <= %(last)s AND other.moved
  AND planned.run_id = other.run_id AND planned.seq > %(after)s AND planned.seq <= %(last)s
  AND planned.contact_id = other.contact_id AND planned.field = beside.field AND NOT planned.moved;

-- leave_gone --
-- What a person did here between plan and apply: contacts that are gone, or that found a record, are left alone.
UPDATE delta planned SET moved = true, action = 'left'
WHERE planned.run_id = %(run_id)s AND planned.seq > %(after)s AND planned.seq <= %(last)s
  AND (NOT EXISTS (SELECT 1 FROM contacts contact WHERE contact.id = planned.contact_id
                   AND CASE planned.action WHEN 'link' THEN NOT contact.linked AND contact.state = 'active'
                       ELSE true END)
       OR planned.into_contact_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM contacts keeper WHERE keeper.id = planned.into_contact_id));

-- take --
-- Contacts take Salesforce's values.
WITH taken AS (
    SELECT contact_id, jsonb_object_agg(field, theirs) AS new
    FROM delta
    WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s
      AND action = 'update' AND outcome = 'take' AND NOT moved
    GROUP BY contact_id
)
UPDATE contacts contact SET {assignments}, updated_at = %(now)s
FROM taken WHERE contact.id = taken.contact_id;

-- log_updates --
-- What was taken, and what was overruled on either side.
INSERT INTO change_log (run_id, at, contact_id, action, field, old, new, rule, origin)
SELECT %(applied_by)s, %(now)s, contact_id, CASE WHEN conflict THEN 'overruled' ELSE 'update' END, field,
       CASE outcome WHEN 'take' THEN ours ELSE theirs END,
       CASE outcome WHEN 'take' THEN theirs ELSE ours END,
       rule, CASE outcome WHEN 'take' THEN 'salesforce' ELSE 'marketing' END
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action = 'update' AND NOT moved
  AND (outcome = 'take' OR (outcome = 'send' AND conflict));

-- queue_sends --
-- What is to be sent waits in the outbox, also where no edit here had put it there.
INSERT INTO outbox (contact_id, kind, lane, fields, version)
SELECT contact_id, 'change', min(rules.lane), jsonb_object_agg(delta.field, delta.theirs), nextval('outbox_version')
FROM delta JOIN (VALUES {lanes}) rules (field, lane) ON rules.field = delta.field
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s
  AND action = 'update' AND outcome = 'send' AND NOT moved
GROUP BY contact_id
ON CONFLICT (contact_id) DO UPDATE
SET fields = excluded.fields || outbox.fields, lane = least(outbox.lane, excluded.lane);

-- unqueue --
-- An edit that was overruled, agreed on or is not to be sent no longer waits.
WITH done AS (
    SELECT contact_id, array_agg(field) AS fields
    FROM delta
    WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s
      AND action = 'update' AND outcome IN ('take', 'agreed', 'divergent') AND NOT moved
    GROUP BY contact_id
)
UPDATE outbox SET fields = outbox.fields - done.fields FROM done
WHERE outbox.contact_id = done.contact_id AND outbox.fields ?| done.fields;

-- clear_outbox --
-- Rows with no field left to send.
DELETE FROM outbox USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND outbox.contact_id = delta.contact_id AND outbox.kind = 'change' AND outbox.fields = '{{}}';

-- settle_bases --
-- The agreement is renewed: the mirror shows the base again.
DELETE FROM field_bases base USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s AND delta.action = 'update'
  AND delta.outcome <> 'hold' AND NOT delta.moved
  AND base.connection_id = %(connection_id)s AND base.contact_id = delta.contact_id AND base.field = delta.field;

-- hold_bases --
-- A conflict that waits for a person keeps its base.
INSERT INTO field_bases (connection_id, contact_id, field, base, known, held)
SELECT %(connection_id)s, contact_id, field, base, base_known, true
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action = 'update' AND outcome = 'hold' AND NOT moved
ON CONFLICT (connection_id, contact_id, field) DO UPDATE SET held = true;

-- carry_bases --
-- A contact that changes its record keeps what it agreed on before, until its fields are decided.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT %(connection_id)s, fields.contact_id, fields.field, fields.base, fields.base_known
FROM delta moving
JOIN delta fields ON fields.run_id = moving.run_id AND fields.contact_id = moving.contact_id
    AND fields.action = 'update'
WHERE moving.run_id = %(run_id)s AND moving.seq > %(after)s AND moving.seq <= %(last)s
  AND moving.action IN ('convert', 'merge', 'link', 'return')
ON CONFLICT (connection_id, contact_id, field) DO NOTHING;

-- note_aliases --
-- The Ids a contact was known by before.
INSERT INTO link_aliases (connection_id, object, record_id, contact_id, reason, noted_at)
SELECT %(connection_id)s, from_object, from_id, coalesce(into_contact_id, contact_id), rule, %(now)s
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action IN ('convert', 'merge')
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET contact_id = excluded.contact_id;

-- leave_behind --
-- The record that was left counts as converted or merged from now on.
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT %(connection_id)s, from_object, from_id, rule
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action IN ('convert', 'merge')
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;

-- unlink_joined --
-- A contact that another takes over has no record of its own any more.
DELETE FROM links USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge') AND delta.outcome = 'join' AND links.contact_id = delta.contact_id;

-- forget_dismissed --
-- A link kept only so that a contact deleted here stays away gives way to a contact that comes to its record.
DELETE FROM links USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge', 'link') AND links.connection_id = %(connection_id)s
  AND links.object = delta.object AND links.record_id = delta.record_id AND links.state = 'dismissed';

-- rekey --
-- The link moves to the record that stands for the person now.
UPDATE links SET object = delta.object, record_id = delta.record_id, state = 'live'
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge') AND delta.outcome = 'rekey' AND links.contact_id = delta.contact_id;

-- take_in --
-- A record that has a link is no longer left out; one that is deleted, by whatever comes of that.
DELETE FROM left_out USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge', 'link', 'return', 'delete', 'undelete')
  AND left_out.connection_id = %(connection_id)s
  AND left_out.object = delta.object AND left_out.record_id = delta.record_id;

-- overrule_joined --
-- Edits waiting on a contact that is taken over are listed as overruled: its record is gone.
INSERT INTO change_log (run_id, at, contact_id, action, field, old, rule, origin)
SELECT %(applied_by)s, %(now)s, delta.contact_id, 'overruled', edited.field, edited.before, delta.rule, 'salesforce'
FROM delta
JOIN outbox ON outbox.contact_id = delta.contact_id
CROSS JOIN LATERAL jsonb_each_text(outbox.fields) edited (field, before)
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge') AND delta.outcome = 'join';

-- retire_joined --
-- The row that was taken over stays for its history.
UPDATE contacts SET state = 'merged', merged_into = delta.into_contact_id, linked = false, updated_at = %(now)s
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge') AND delta.outcome = 'join' AND contacts.id = delta.contact_id;

-- clear_joined --
-- Nothing waits to be sent for it.
DELETE FROM outbox USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('convert', 'merge') AND delta.outcome = 'join' AND outbox.contact_id = delta.contact_id;

-- keep_stricter --
-- The contact that stays keeps the stricter consent and the higher score of those it takes over.
WITH joined AS (
    SELECT delta.into_contact_id AS id, {gathered}
    FROM delta JOIN contacts gone ON gone.id = delta.contact_id
    WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
      AND delta.action IN ('convert', 'merge') AND delta.outcome = 'join'
    GROUP BY delta.into_contact_id
)
UPDATE contacts contact SET {stricter}, updated_at = %(now)s
FROM joined WHERE contact.id = joined.id AND ({differs});

-- mark_deleted --
-- People whose record is deleted are marked or put away, never removed.
UPDATE contacts SET state = CASE delta.outcome WHEN 'archive' THEN 'archived' ELSE 'deleted' END, updated_at = %(now)s
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'delete' AND delta.outcome <> 'unlink' AND contacts.id = delta.contact_id;

-- mark_links_deleted --
-- Their links too.
UPDATE links SET state = CASE delta.action WHEN 'delete' THEN 'deleted' ELSE 'live' END
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('delete', 'undelete') AND delta.outcome <> 'unlink' AND links.contact_id = delta.contact_id;

-- cross_filter --
-- A record that left its filter keeps its link, and is not synced until it comes back.
UPDATE links SET state = CASE delta.action WHEN 'leave' THEN 'outside' ELSE 'live' END
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action IN ('leave', 'return') AND links.contact_id = delta.contact_id
  AND links.state = CASE delta.action WHEN 'leave' THEN 'live' ELSE 'outside' END;

-- note_outside --
-- It is listed among what is left out.
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT %(connection_id)s, object, record_id, 'outside_filter'
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action = 'leave'
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;

-- strip_outside --
-- Edits that wait for it wait no more, but for what protects people; they are met when it comes back.
UPDATE outbox SET fields = (
    SELECT coalesce(jsonb_object_agg(field.key, field.value), '{{}}') FROM jsonb_each(outbox.fields) field
    WHERE field.key = ANY(%(urgent)s))
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'leave' AND outbox.contact_id = delta.contact_id AND outbox.kind = 'change';

-- clear_outside --
-- Where nothing is left to send, the row goes.
DELETE FROM outbox USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'leave' AND outbox.contact_id = delta.contact_id AND outbox.kind = 'change'
  AND outbox.fields = '{{}}';

-- note_unlinked --
-- Under another policy they are set free; should the record come back, it is known whose it was.
INSERT INTO link_aliases (connection_id, object, record_id, contact_id, reason, noted_at)
SELECT %(connection_id)s, object, record_id, contact_id, 'unlinked', %(now)s
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action = 'delete' AND outcome = 'unlink'
ON CONFLICT (connection_id, object, record_id) DO UPDATE
SET contact_id = excluded.contact_id, reason = excluded.reason, noted_at = excluded.noted_at;

-- leave_unlinked --
-- Their records count as deleted.
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT %(connection_id)s, object, record_id, 'deleted'
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action = 'delete' AND outcome = 'unlink'
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;

-- unlink_deleted --
-- Nothing links them any more.
DELETE FROM links USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'delete' AND delta.outcome = 'unlink' AND links.contact_id = delta.contact_id;

-- free_unlinked --
-- They stay as contacts of ours.
UPDATE contacts SET linked = false, updated_at = %(now)s
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'delete' AND delta.outcome = 'unlink' AND contacts.id = delta.contact_id;

-- clear_unlinked --
-- There is no record to send their edits to.
DELETE FROM outbox USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'delete' AND delta.outcome = 'unlink' AND outbox.contact_id = delta.contact_id;

-- forget_unlinked_bases --
-- Nor is anything agreed on with it.
DELETE FROM field_bases USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'delete' AND delta.outcome = 'unlink'
  AND field_bases.connection_id = %(connection_id)s AND field_bases.contact_id = delta.contact_id;

-- forget_unlinked --
-- A record that has a contact again is no longer remembered as the former one of somebody.
DELETE FROM link_aliases alias USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'link' AND alias.reason = 'unlinked' AND alias.connection_id = %(connection_id)s
  AND alias.object = delta.object AND alias.record_id = delta.record_id;

-- revive --
-- A record seen alive again revives its contact.
UPDATE contacts SET state = 'active', updated_at = %(now)s
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'undelete' AND contacts.id = delta.contact_id;

-- link_matched --
-- First matches become links.
INSERT INTO links (connection_id, object, record_id, contact_id, linked_at)
SELECT %(connection_id)s, object, record_id, contact_id, %(now)s
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND action = 'link';

-- mark_linked --
-- Their contacts are no longer candidates.
UPDATE contacts SET linked = true, updated_at = %(now)s
FROM delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'link' AND contacts.id = delta.contact_id;

-- settle_creates --
-- A contact that found its record is not created any more.
DELETE FROM outbox USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'link' AND outbox.contact_id = delta.contact_id AND outbox.kind = 'create';

-- settle_intents --
-- Nor is the note of its creation needed.
DELETE FROM create_intents USING delta
WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
  AND delta.action = 'link' AND create_intents.contact_id = delta.contact_id;

-- log_lifecycle --
-- Each of these in the change log.
INSERT INTO change_log (run_id, at, contact_id, action, field, old, new, rule, origin)
SELECT %(applied_by)s, %(now)s, contact_id, action, NULL, from_id, record_id, rule, 'salesforce'
FROM delta
WHERE run_id = %(run_id)s AND seq > %(after)s AND seq <= %(last)s AND NOT moved;

-- alias_left_out --
-- Records converted or merged away before they were ever linked are known by the contact that stands for them.
INSERT INTO link_aliases (connection_id, object, record_id, contact_id, reason, noted_at)
SELECT %(connection_id)s, move.object, move.record_id, link.contact_id, move.reason, %(now)s
FROM ({touched_moves}) move
JOIN links link ON link.connection_id = %(connection_id)s AND link.object = move.to_object
    AND link.record_id = move.to_id
ON CONFLICT DO NOTHING;

-- keep_unresolved --
-- A record that points to one not seen yet stays to be decided. OFFSET 0 asks record by record, by key: joined as
-- whole tables, a thousand touched records cost as much as a million.
DELETE FROM touched
WHERE touched.connection_id = %(connection_id)s AND NOT EXISTS (
    SELECT 1 FROM links link JOIN ({moves}) move ON move.object = link.object AND move.record_id = link.record_id
    WHERE link.connection_id = %(connection_id)s AND link.state = 'live'
      AND link.object = touched.object AND link.record_id = touched.record_id
    OFFSET 0
);
