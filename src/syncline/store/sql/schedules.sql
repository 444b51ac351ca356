-- ensure --
-- Every connection has a schedule; a new one is balanced.
INSERT INTO schedules (connection_id, mode) SELECT id, 'balanced' FROM connections ON CONFLICT DO NOTHING;

-- load --
-- The schedule of one connection and how its latest look ended.
SELECT mode, every_seconds, cron, paused, next_at, looked_at, changed_at, failures, outcome, message
FROM schedules WHERE connection_id = %(connection_id)s;

-- save --
-- Another schedule: the next look is at once.
INSERT INTO schedules (connection_id, mode, every_seconds, cron)
VALUES (%(connection_id)s, %(mode)s, %(every_seconds)s, %(cron)s)
ON CONFLICT (connection_id) DO UPDATE
SET mode = excluded.mode, every_seconds = excluded.every_seconds, cron = excluded.cron, next_at = %(now)s;

-- pause --
-- Nothing is done by itself, or again.
UPDATE schedules SET paused = %(paused)s, next_at = %(now)s WHERE connection_id = %(connection_id)s;

-- wake --
-- The next look comes forward; never back.
UPDATE schedules SET next_at = least(next_at, %(at)s) WHERE connection_id = %(connection_id)s;

-- begin --
-- What a look that begins now will have seen of local edits.
UPDATE schedules SET edits_seen = (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_version)
WHERE connection_id = %(connection_id)s;

-- settle --
-- How a look ended, and when the next one is due.
UPDATE schedules SET next_at = %(next_at)s, looked_at = %(now)s, failures = %(failures)s, outcome = %(outcome)s,
    message = %(message)s, changed_at = CASE WHEN %(changed)s THEN %(now)s ELSE changed_at END
WHERE connection_id = %(connection_id)s;

-- note_edits --
-- What was edited here since the latest look brings the next one forward, where the mode looks by itself; a look under
-- way sees to it when it ends.
UPDATE schedules schedule
SET edits_seen = edited.version, next_at = least(schedule.next_at, (%(at)s::jsonb ->> schedule.mode)::timestamptz)
FROM schedules before
CROSS JOIN LATERAL (SELECT max(outbox.version) AS version FROM outbox
                    WHERE outbox.state = 'waiting' AND outbox.version > before.edits_seen) edited
WHERE before.connection_id = schedule.connection_id AND edited.version IS NOT NULL
  AND NOT before.paused AND %(at)s::jsonb ? before.mode
  AND before.edits_seen < (SELECT last_value FROM outbox_version)
  AND NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.queueing_lock = 'read:' || before.connection_id
                  AND job.status IN ('todo', 'doing'));

-- due --
-- Connections whose next look is due: in use, with a mapping that a person approved, and no look under way. Where a
-- worker dies before it says when the next one is, that is in a minute.
WITH due AS (
    SELECT schedule.connection_id FROM schedules schedule
    JOIN connections connection ON connection.id = schedule.connection_id AND connection.state = 'active'
    WHERE NOT schedule.paused
      AND (schedule.next_at <= %(now)s OR schedule.next_at IS NULL AND schedule.mode <> 'manual')
      AND (SELECT mapping.approved_at IS NOT NULL FROM mappings mapping
           WHERE mapping.connection_id = connection.id ORDER BY mapping.version DESC LIMIT 1)
      AND NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.queueing_lock = 'read:' || connection.id
                      AND job.status IN ('todo', 'doing'))
    FOR UPDATE OF schedule SKIP LOCKED
)
UPDATE schedules SET next_at = %(guard)s FROM due WHERE schedules.connection_id = due.connection_id
RETURNING schedules.connection_id;
