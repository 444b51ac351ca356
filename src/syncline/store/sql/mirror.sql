-- load_empty --
-- First load: the mirror is empty, so rows go in without a look and the key is made afterwards.
INSERT INTO {mirror} ({columns}) SELECT {typed} FROM {staging} staged;

-- load_empty_newest --
-- First load when an Id was read twice: only its newest row goes in.
INSERT INTO {mirror} ({columns})
SELECT DISTINCT ON (id COLLATE "C") {typed} FROM {staging} staged ORDER BY id COLLATE "C", {stamp} DESC;

-- make_incoming --
-- Staged rows reduced to the newest per Id and typed.
CREATE UNLOGGED TABLE {incoming} AS
SELECT DISTINCT ON (id COLLATE "C") {typed} FROM {staging} staged ORDER BY id COLLATE "C", {stamp} DESC;

-- drop_unchanged --
-- Rows equal by value to the mirror, older than it, or read before a write of ours was visible, change nothing.
DELETE FROM {incoming} incoming USING {mirror} mirror
WHERE mirror.id = incoming.id AND (
    ({incoming_values}) IS NOT DISTINCT FROM ({mirror_values})
    OR incoming.{stamp_column} < mirror.{stamp_column}
);

-- drop_before_own_writes --
-- A row stamped before a write of ours does not show it yet: it comes again with the next look.
DELETE FROM {incoming} incoming USING own_writes own
WHERE own.connection_id = %(connection_id)s AND own.object = %(object)s AND own.record_id = incoming.id
  AND incoming.{stamp_column} < date_trunc('second', own.written_at);

-- settle_own_writes --
-- A row stamped after a write of ours shows it. A join, since a look for each write would read the whole read each time.
DELETE FROM own_writes own USING {incoming} incoming
WHERE own.connection_id = %(connection_id)s AND own.object = %(object)s AND incoming.id = own.record_id
  AND incoming.{stamp_column} >= date_trunc('second', own.written_at);

-- settle_old_writes --
-- What is older than the overlap is visible by now.
DELETE FROM own_writes own
WHERE own.connection_id = %(connection_id)s AND own.object = %(object)s AND own.written_at < %(visible_since)s;

-- note_touched --
-- What this merge adds or changes waits to be decided.
INSERT INTO touched (connection_id, object, record_id)
SELECT %(connection_id)s, %(object)s, id FROM {incoming}
ON CONFLICT DO NOTHING;

-- note_bases --
-- The mirror is the agreed value of every linked field: where it moves, the value before is kept until decided.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT %(connection_id)s, link.contact_id, value.field, value.before, true
FROM {incoming} incoming
JOIN {mirror} mirror ON mirror.id = incoming.id
JOIN links link ON link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.record_id = incoming.id
CROSS JOIN LATERAL (VALUES {values}) value (field, before, after)
WHERE value.before IS DISTINCT FROM value.after
ON CONFLICT (connection_id, contact_id, field) DO NOTHING;

-- merge --
-- The mirror takes what was read.
INSERT INTO {mirror} ({columns}) SELECT {columns} FROM {incoming}
ON CONFLICT (id) DO UPDATE SET {assignments};

-- recent --
-- Ids and stamps of the mirror inside a window, to compare with the org's.
SELECT id, {stamp} FROM {mirror} WHERE {stamp} >= %(since)s AND {stamp} <= %(until)s;

-- mark_people_vanished --
-- Records of people that a read of everything did not show are gone: deleted for good, or hidden by sharing. What we wrote
-- lately may not be visible yet.
WITH vanished AS (
    UPDATE {mirror} mirror SET isdeleted = true
    WHERE NOT mirror.isdeleted AND NOT EXISTS (SELECT 1 FROM {staging} staged WHERE staged.id = mirror.id)
      AND NOT EXISTS (SELECT 1 FROM own_writes own WHERE own.connection_id = %(connection_id)s
                      AND own.object = %(object)s AND own.record_id = mirror.id)
    RETURNING mirror.id
)
INSERT INTO touched (connection_id, object, record_id)
SELECT %(connection_id)s, %(object)s, id FROM vanished ON CONFLICT DO NOTHING;

-- mark_vanished --
-- Records that a read of everything did not show are gone: deleted for good, or hidden by sharing.
UPDATE {mirror} mirror SET isdeleted = true
WHERE NOT mirror.isdeleted AND NOT EXISTS (SELECT 1 FROM {staging} staged WHERE staged.id = mirror.id);

-- drop_vanished --
-- The same for an object whose records have no mark of being deleted.
DELETE FROM {mirror} mirror WHERE NOT EXISTS (SELECT 1 FROM {staging} staged WHERE staged.id = mirror.id);

-- keep_same_stamp --
-- Of a read of some columns only what differs in a record that is otherwise as the mirror has it.
DELETE FROM {incoming} incoming WHERE NOT EXISTS (
    SELECT 1 FROM {mirror} mirror
    WHERE mirror.id = incoming.id AND mirror.{stamp} = incoming.{stamp}
      AND ({incoming_values}) IS DISTINCT FROM ({mirror_values}));

-- take_part --
-- The mirror takes these columns.
UPDATE {mirror} mirror SET {assignments} FROM {incoming} incoming WHERE mirror.id = incoming.id;
