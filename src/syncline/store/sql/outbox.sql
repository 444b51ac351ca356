-- pending --
-- The next waiting records of one object and lane: what each field holds here and, when last seen, there.
SELECT outbox.contact_id, link.record_id, outbox.version, {stamp}, waiting.ours, waiting.theirs, {parent}, {account}
FROM outbox
JOIN links link ON link.contact_id = outbox.contact_id AND link.connection_id = %(connection_id)s
    AND link.object = %(object)s AND (link.state = 'live' OR link.state = 'outside' AND %(lane)s = 0)
JOIN contacts contact ON contact.id = outbox.contact_id AND contact.state = 'active'
JOIN {mirror} mirror ON mirror.id = link.record_id AND NOT mirror.isdeleted AND {unconverted}
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(value.field, value.ours) AS ours, jsonb_object_agg(value.field, value.theirs) AS theirs
    FROM (VALUES {values}) value (field, lane, sends_blank, ours, theirs, wanted)
    WHERE outbox.fields ? value.field AND (link.state = 'live' OR value.lane = 0) AND value.ours IS DISTINCT FROM value.theirs AND value.wanted
      AND (value.ours IS NOT NULL OR value.sends_blank)
      AND NOT EXISTS (
          SELECT 1 FROM field_bases base WHERE base.connection_id = %(connection_id)s
            AND base.contact_id = outbox.contact_id AND base.field = value.field AND base.held)
) waiting
WHERE outbox.kind = 'change' AND outbox.state = 'waiting' AND outbox.lane = %(lane)s
  AND outbox.contact_id > %(after)s
  AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s)
ORDER BY outbox.contact_id LIMIT %(rows)s;

-- count_pending --
-- How many rows of one object and lane wait to be sent; some of them may turn out to have nothing to send.
SELECT count(*) FROM outbox
JOIN links link ON link.contact_id = outbox.contact_id AND link.connection_id = %(connection_id)s
    AND link.object = %(object)s AND link.state = 'live'
WHERE outbox.kind = 'change' AND outbox.state = 'waiting' AND outbox.lane = %(lane)s
  AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s);

-- given --
-- Rows that Python holds, as the relation that the statements about what was sent read.
jsonb_to_recordset(%(rows)s) sent (contact_id bigint, record_id text, version bigint, ours jsonb, theirs jsonb);

-- clear --
-- Rows that are done, where no further edit came in meanwhile.
DELETE FROM outbox USING {sent}
WHERE outbox.contact_id = sent.contact_id AND outbox.version = sent.version AND outbox.kind = 'change'
  AND NOT outbox.fields ?| %(suspended)s::text[];

-- keep_suspended --
-- Of rows that are done, edits of fields that the org does not take for the moment go on waiting.
UPDATE outbox SET fields = (
    SELECT jsonb_object_agg(field.key, field.value) FROM jsonb_each(outbox.fields) field
    WHERE field.key = ANY(%(suspended)s))
FROM {sent}
WHERE outbox.contact_id = sent.contact_id AND outbox.version = sent.version AND outbox.kind = 'change'
  AND outbox.fields ?| %(suspended)s::text[];

-- choose_lane --
-- Rows of which a part was sent wait in the lane of the most urgent field that is left.
UPDATE outbox SET lane = coalesce(
    (SELECT min(rules.lane) FROM (VALUES {lanes}) rules (field, lane) WHERE outbox.fields ? rules.field), outbox.lane)
WHERE contact_id = ANY(%(contact_ids)s) AND kind = 'change';

-- note_calculated --
-- What was agreed on of fields that are expressions: what is written may move them.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT %(connection_id)s, sent.contact_id, value.field, value.before, true
FROM {sent}
JOIN {mirror} mirror ON mirror.id = sent.record_id COLLATE "C"
CROSS JOIN LATERAL (VALUES {values}) value (field, before)
ON CONFLICT (connection_id, contact_id, field) DO NOTHING;

-- mirror_takes --
-- The mirror takes what was written, so that our own echo is equal and causes nothing.
UPDATE {mirror} mirror SET {assignments}
FROM {sent}
WHERE mirror.id = sent.record_id COLLATE "C";

-- note_writes --
-- What was written, with the org's time just before it.
INSERT INTO own_writes (connection_id, object, record_id, written_at)
SELECT %(connection_id)s, %(object)s, sent.record_id, %(written_at)s
FROM {sent}
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET written_at = excluded.written_at;

-- log_sent --
-- What was sent, field by field.
INSERT INTO change_log (run_id, at, contact_id, action, field, old, new, rule, origin)
SELECT %(run_id)s, %(now)s, sent.contact_id, 'sent', value.field, sent.theirs ->> value.field, value.new,
       'changed here', 'marketing'
FROM {sent}
CROSS JOIN LATERAL jsonb_each_text(sent.ours) value (field, new);

-- defer --
-- Rows that are tried again later.
UPDATE outbox SET attempts = attempts + 1, not_before = %(not_before)s, reason = later.reason
FROM jsonb_to_recordset(%(rows)s) later (contact_id bigint, reason text)
WHERE outbox.contact_id = later.contact_id;

-- attempts --
-- How often these rows were tried.
SELECT coalesce(max(attempts), 0) FROM outbox WHERE contact_id = ANY(%(contact_ids)s);

-- new_leads --
-- Contacts that are to become Leads, with their values.
SELECT outbox.contact_id, outbox.version, contact.external_key, contact.email, value.ours
FROM outbox
JOIN contacts contact ON contact.id = outbox.contact_id AND contact.state = 'active' AND NOT contact.linked
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(value.field, value.ours) FILTER (WHERE value.ours IS NOT NULL) AS ours
    FROM (VALUES {values}) value (field, ours)
) value
WHERE outbox.kind = 'create' AND outbox.state = 'waiting'
  AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s)
  AND outbox.contact_id > %(after)s
ORDER BY outbox.contact_id LIMIT %(rows)s;

-- count_new_leads --
-- How many contacts are to become Leads now.
SELECT count(*) FROM outbox
JOIN contacts contact ON contact.id = outbox.contact_id AND contact.state = 'active' AND NOT contact.linked
WHERE outbox.kind = 'create' AND outbox.state = 'waiting'
  AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s);

-- give_keys --
-- Each new contact gets its external id before anything is sent: a lost answer is settled by it.
UPDATE contacts SET external_key = given.external_key
FROM jsonb_to_recordset(%(rows)s) given (contact_id bigint, external_key text)
WHERE contacts.id = given.contact_id AND contacts.external_key IS NULL;

-- keys --
-- The external ids of contacts.
SELECT id, external_key FROM contacts WHERE id = ANY(%(contact_ids)s);

-- write_intents --
-- Where the org has no field for our id: what is about to be created, so that a lost answer is settled by a search.
INSERT INTO create_intents (contact_id, connection_id, object, written_at, sent)
SELECT intent.contact_id, %(connection_id)s, %(object)s, %(written_at)s, intent.sent
FROM jsonb_to_recordset(%(rows)s) intent (contact_id bigint, sent jsonb)
ON CONFLICT (contact_id) DO UPDATE SET written_at = excluded.written_at, sent = excluded.sent;

-- open_intents --
-- Creations whose answer was lost.
SELECT contact_id, object, written_at, sent FROM create_intents WHERE connection_id = %(connection_id)s
ORDER BY contact_id;

-- has_intent --
-- Contacts among these whose creation is not settled yet.
SELECT contact_id FROM create_intents WHERE contact_id = ANY(%(contact_ids)s);

-- drop_intents --
-- Settled.
DELETE FROM create_intents WHERE contact_id = ANY(%(contact_ids)s);

-- insert_mirror --
-- A record that we created is in the mirror at once; its stamp comes with the next read.
INSERT INTO {mirror} (id, isdeleted, {columns})
SELECT created.record_id, false, {values}
FROM jsonb_to_recordset(%(rows)s) created (record_id text, sent jsonb)
ON CONFLICT (id) DO NOTHING;

-- take_up --
-- A record that was left out, as after its contact was deleted here, is left out no more.
WITH taken AS (
    DELETE FROM links USING jsonb_to_recordset(%(rows)s) created (record_id text)
    WHERE links.connection_id = %(connection_id)s AND links.object = %(object)s
      AND links.record_id = created.record_id AND links.state = 'dismissed'
)
DELETE FROM left_out USING jsonb_to_recordset(%(rows)s) created (record_id text)
WHERE left_out.connection_id = %(connection_id)s AND left_out.object = %(object)s
  AND left_out.record_id = created.record_id;

-- link_created --
-- Its link; dismissed where the contact was deleted here while its record was created. The contacts are locked: who
-- deletes one now waits, and finds the link.
WITH linked AS (
    INSERT INTO links (connection_id, object, record_id, contact_id, linked_at, state)
    SELECT %(connection_id)s, %(object)s, created.record_id, created.contact_id, %(now)s,
           CASE WHEN contact.id IS NULL THEN 'dismissed' ELSE 'live' END
    FROM jsonb_to_recordset(%(rows)s) created (contact_id bigint, record_id text)
    LEFT JOIN contacts contact ON contact.id = created.contact_id
    ON CONFLICT DO NOTHING RETURNING record_id, state
)
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT %(connection_id)s, %(object)s, record_id, 'deleted_here' FROM linked WHERE state = 'dismissed'
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;

-- mark_created --
-- Its contact stands behind a record now.
UPDATE contacts SET linked = true, updated_at = %(now)s
FROM jsonb_to_recordset(%(rows)s) created (contact_id bigint)
WHERE contacts.id = created.contact_id;

-- log_created --
-- Each creation in the change log.
INSERT INTO change_log (run_id, at, contact_id, action, new, rule, origin)
SELECT %(run_id)s, %(now)s, created.contact_id, 'created', created.record_id, created.rule, 'marketing'
FROM jsonb_to_recordset(%(rows)s) created (contact_id bigint, record_id text, rule text);

-- clear_created --
-- It is created; what was edited meanwhile waits as a change.
UPDATE outbox SET kind = 'change', lane = %(lane)s, fields = created.every, version = nextval('outbox_version')
FROM jsonb_to_recordset(%(rows)s) created (contact_id bigint, every jsonb)
WHERE outbox.contact_id = created.contact_id;

-- as_sync --
-- What follows is the sync's own: capture does not send it back.
SELECT set_config('syncline.origin', %(origin)s, true);

-- complete_mirror --
-- What the org set on new records by itself.
UPDATE {mirror} mirror SET {assignments}
FROM jsonb_to_recordset(%(rows)s) filled (record_id text, texts jsonb)
WHERE mirror.id = filled.record_id COLLATE "C";

-- log_filled --
-- What the org set on new records, field by field, where the contact has nothing.
INSERT INTO change_log (run_id, at, contact_id, action, field, old, new, rule, origin)
SELECT %(run_id)s, %(now)s, contact.id, 'update', value.field, NULL, value.new, 'set by Salesforce on creation',
       'salesforce'
FROM jsonb_to_recordset(%(rows)s) filled (contact_id bigint, values jsonb)
JOIN contacts contact ON contact.id = filled.contact_id
CROSS JOIN LATERAL jsonb_each_text(filled.values) value (field, new)
JOIN LATERAL (VALUES {before}) own (field, old) ON own.field = value.field
WHERE own.old IS NULL;

-- take_filled --
-- The contacts take it.
UPDATE contacts contact SET {assignments}, updated_at = %(now)s
FROM jsonb_to_recordset(%(rows)s) filled (contact_id bigint, values jsonb)
WHERE contact.id = filled.contact_id;

-- first_meetings --
-- A record found or created, and fields of the two that were never agreed on.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT %(connection_id)s, met.contact_id, field.name, NULL, false
FROM jsonb_to_recordset(%(rows)s) met (contact_id bigint) CROSS JOIN unnest(%(fields)s::text[]) field (name)
ON CONFLICT DO NOTHING;

-- log_found --
-- Each match in the change log.
INSERT INTO change_log (run_id, at, contact_id, action, new, rule, origin)
SELECT %(run_id)s, %(now)s, met.contact_id, 'link', met.record_id, met.rule, 'salesforce'
FROM jsonb_to_recordset(%(rows)s) met (contact_id bigint, record_id text, rule text);

-- touch_found --
-- The next run decides these records.
INSERT INTO touched (connection_id, object, record_id)
SELECT %(connection_id)s, %(object)s, met.record_id FROM jsonb_to_recordset(%(rows)s) met (record_id text)
ON CONFLICT DO NOTHING;

-- drop_found --
-- Nothing is to be created any more; what is to be sent, the next run decides.
DELETE FROM outbox USING jsonb_to_recordset(%(rows)s) met (contact_id bigint)
WHERE outbox.contact_id = met.contact_id AND outbox.kind = 'create';

-- known_records --
-- Records of the mirror with these addresses, with the contact each is linked to.
SELECT lower(mirror.email), mirror.id, link.contact_id, mirror.createddate
FROM {mirror} mirror
LEFT JOIN links link ON link.connection_id = %(connection_id)s AND link.object = %(object)s
    AND link.record_id = mirror.id AND link.state <> 'dismissed'
WHERE lower(mirror.email) = ANY(%(emails)s) AND NOT mirror.isdeleted AND {unconverted};

-- links_of --
-- Which contacts these records are linked to.
SELECT record_id, contact_id FROM links
WHERE connection_id = %(connection_id)s AND object = %(object)s AND record_id = ANY(%(record_ids)s)
  AND state <> 'dismissed';

-- flipping --
-- Fields that are about to be written over the same value for the third time in a day: somebody writes it back.
SELECT sent.contact_id, value.field, sent.theirs ->> value.field, value.new,
       (SELECT log.origin FROM change_log log WHERE log.contact_id = sent.contact_id AND log.field = value.field
          AND log.action = 'update' AND log.origin <> 'salesforce' ORDER BY log.id DESC LIMIT 1),
       {last_writer}
FROM {sent}
JOIN {mirror} mirror ON mirror.id = sent.record_id COLLATE "C"
CROSS JOIN LATERAL jsonb_each_text(sent.ours) value (field, new)
WHERE value.field = ANY(%(fields)s::text[]) AND %(times)s <= (
    SELECT count(*) FROM change_log log
    WHERE log.contact_id = sent.contact_id AND log.action = 'sent' AND log.field = value.field
      AND log.at > %(since)s AND log.new IS NOT DISTINCT FROM value.new
      AND log.old IS NOT DISTINCT FROM (sent.theirs ->> value.field));

-- hold --
-- These fields wait for a person, like any conflict that is held.
INSERT INTO field_bases (connection_id, contact_id, field, base, known, held)
SELECT %(connection_id)s, flipping.contact_id, flipping.field, flipping.theirs, true, true
FROM jsonb_to_recordset(%(rows)s) flipping (contact_id bigint, field text, theirs text)
ON CONFLICT (connection_id, contact_id, field) DO UPDATE SET held = true;

-- forecast --
-- What a plan would send, by object and lane: one row for each contact, in the lane of its most urgent field.
SELECT waiting.object, waiting.lane, count(*) FROM (
    SELECT delta.object, delta.contact_id, least(min(rules.lane), min(outbox.lane)) AS lane
    FROM delta
    JOIN (VALUES {lanes}) rules (field, lane) ON rules.field = delta.field
    LEFT JOIN outbox ON outbox.contact_id = delta.contact_id AND outbox.kind = 'change'
    WHERE delta.run_id = %(run_id)s AND (delta.seq BETWEEN 0 AND %(creates)s OR delta.seq >= %(sends)s)
      AND delta.action = 'update'
      AND delta.outcome = 'send'
    GROUP BY delta.object, delta.contact_id
) waiting
GROUP BY waiting.object, waiting.lane;
