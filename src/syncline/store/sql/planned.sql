-- supersede --
-- Something newer is about to be read: plans made before can no longer be applied.
UPDATE plans SET state = 'superseded' WHERE connection_id = %(connection_id)s AND state = 'open';

-- note --
-- A plan that can be applied.
INSERT INTO plans (run_id, connection_id, mapping_version, made_at, state)
VALUES (%(run_id)s, %(connection_id)s, %(mapping_version)s, %(now)s, 'open');

-- find --
-- A plan of a connection, the newest where none is named.
SELECT run_id, mapping_version, made_at, state FROM plans
WHERE connection_id = %(connection_id)s AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s::bigint)
ORDER BY run_id DESC LIMIT 1;

-- set_state --
-- How far a plan is applied.
UPDATE plans SET state = %(state)s WHERE run_id = %(run_id)s;

-- take_aside --
-- What waits to be sent and is not in the plan is put aside; what protects people is not.
WITH planned AS (
    SELECT contact_id, array_agg(field) AS fields FROM delta
    WHERE run_id = %(run_id)s AND outcome = 'send' AND NOT moved AND seq >= %(fields)s AND field IS NOT NULL
    GROUP BY contact_id
), created AS (
    SELECT contact_id FROM delta WHERE run_id = %(run_id)s AND seq >= %(sends)s AND action = 'create_there'
), waiting AS (
    SELECT outbox.contact_id, outbox.kind, outbox.lane, outbox.attempts, outbox.not_before,
           outbox.fields - coalesce(planned.fields, '{{}}') - %(consent)s::text[] AS others
    FROM outbox LEFT JOIN planned ON planned.contact_id = outbox.contact_id
    WHERE outbox.state = 'waiting'
      AND CASE outbox.kind
          WHEN 'create' THEN NOT EXISTS (SELECT 1 FROM created WHERE created.contact_id = outbox.contact_id)
          ELSE outbox.fields - coalesce(planned.fields, '{{}}') - %(consent)s::text[] <> '{{}}'
              AND EXISTS (SELECT 1 FROM links link WHERE link.contact_id = outbox.contact_id
                          AND link.connection_id = %(connection_id)s) END
), aside AS (
    INSERT INTO outbox_aside (connection_id, contact_id, kind, lane, fields, attempts, not_before)
    SELECT %(connection_id)s, contact_id, kind, lane, others, attempts, not_before FROM waiting
    RETURNING contact_id
), shortened AS (
    UPDATE outbox SET fields = outbox.fields - (SELECT array_agg(key) FROM jsonb_object_keys(waiting.others) key)
    FROM waiting WHERE outbox.contact_id = waiting.contact_id AND outbox.kind = 'change'
      AND outbox.fields <> waiting.others
)
DELETE FROM outbox USING waiting
WHERE outbox.contact_id = waiting.contact_id AND (outbox.kind = 'create' OR outbox.fields = waiting.others);

-- put_back --
-- What was put aside waits again, with the oldest of the values before.
WITH back AS (
    DELETE FROM outbox_aside WHERE connection_id = %(connection_id)s RETURNING *
)
INSERT INTO outbox (contact_id, kind, lane, fields, version, attempts, not_before)
SELECT back.contact_id, CASE WHEN contact.linked THEN 'change' ELSE back.kind END, back.lane, back.fields,
       nextval('outbox_version'), back.attempts, back.not_before
FROM back JOIN contacts contact ON contact.id = back.contact_id AND contact.state = 'active'
WHERE back.kind = 'change' OR NOT contact.linked
ON CONFLICT (contact_id) DO UPDATE
SET fields = outbox.fields || excluded.fields, lane = least(outbox.lane, excluded.lane), version = excluded.version;

-- unsent --
-- Writes of a plan that were not made, with what is known of why.
SELECT planned.object, planned.record_id, planned.contact_id, planned.field,
       CASE WHEN planned.moved THEN 'edited here since'
            WHEN waiting.state = 'parked' THEN coalesce(waiting.reason, 'refused')
            WHEN waiting.not_before IS NOT NULL THEN coalesce(waiting.reason, 'tried again later')
            WHEN waiting.contact_id IS NOT NULL THEN 'changed in Salesforce since'
            ELSE 'no longer needed, or refused' END
FROM delta planned
LEFT JOIN outbox waiting ON waiting.contact_id = planned.contact_id
WHERE planned.run_id = %(run_id)s AND planned.outcome = 'send' AND planned.seq >= %(fields)s
  AND NOT EXISTS (
      SELECT 1 FROM change_log log WHERE log.contact_id = planned.contact_id AND log.run_id = %(applied_by)s
        AND (log.action = 'sent' AND log.field = planned.field
             OR planned.action = 'create_there' AND log.action = 'created'))
ORDER BY planned.seq;

-- load_brakes --
-- The brakes of a connection, where it has its own.
SELECT changed, deleted, deleted_at_least, blanked, contacts_at_least FROM brakes
WHERE connection_id = %(connection_id)s;

-- save_brakes --
-- Other brakes for a connection.
INSERT INTO brakes (connection_id, changed, deleted, deleted_at_least, blanked, contacts_at_least)
VALUES (%(connection_id)s, %(changed)s, %(deleted)s, %(deleted_at_least)s, %(blanked)s, %(contacts_at_least)s)
ON CONFLICT (connection_id) DO UPDATE
SET changed = excluded.changed, deleted = excluded.deleted, deleted_at_least = excluded.deleted_at_least,
    blanked = excluded.blanked, contacts_at_least = excluded.contacts_at_least;

-- later_runs --
-- Runs after the plan's that may have read or changed what it was made from.
SELECT id, kind FROM runs
WHERE connection_id = %(connection_id)s AND id > %(run_id)s AND id <> %(own)s AND NOT kind = ANY(%(harmless)s)
ORDER BY id LIMIT 1;
