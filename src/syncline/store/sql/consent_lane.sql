-- ledger_lock --
-- Whoever adds facts in sets takes turns: two that add the same addresses in another order would wait for each other.
SELECT pg_advisory_xact_lock(%(space)s, 0);

-- lane_lock --
-- The consent lane of a connection is sent by one at a time; the session holds it.
SELECT pg_advisory_lock(%(space)s, %(connection_id)s);

-- try_lane_lock --
-- The same, for who does not wait.
SELECT pg_try_advisory_lock(%(space)s, %(connection_id)s);

-- run_under_way --
-- When the run began that holds the connection's lock now; none where nobody does.
SELECT max(run.started_at) FROM runs run
WHERE run.connection_id = %(connection_id)s AND run.state = 'running' AND run.kind <> 'consent'
  AND EXISTS (SELECT FROM pg_locks held WHERE held.locktype = 'advisory' AND held.granted
              AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND held.classid = %(run_space)s AND held.objid = %(connection_id)s);

-- cursor --
-- How far opt-outs were looked for beside a run.
SELECT consent_until FROM schedules WHERE connection_id = %(connection_id)s;

-- move_cursor --
-- Opt-outs were looked for up to here.
UPDATE schedules SET consent_until = %(until)s WHERE connection_id = %(connection_id)s;

-- take_seen --
-- Records that show a fact which does not stand yet for their address. As in a run: an opt-in of ours that waits to be
-- sent, or is so fresh that the record does not show it yet, is not taken for an opt-out.
INSERT INTO consent_facts (address, kind, at, source, connection_id, record_id)
SELECT DISTINCT ON (seen.address, seen.kind) seen.address, seen.kind, %(now)s, 'salesforce', %(connection_id)s,
       seen.record_id
FROM (SELECT object, record_id, lower(address) AS address, kind, flag, field, stamp
      FROM jsonb_to_recordset(%(rows)s) one (object text, record_id text, address text, kind text, flag text,
                                             field text, stamp timestamptz)) seen
LEFT JOIN suppressions standing ON standing.address = seen.address
WHERE NOT coalesce(CASE seen.flag WHEN 'opted_out' THEN standing.opted_out ELSE standing.bounced END, false)
  AND NOT EXISTS (
      SELECT FROM links link JOIN outbox ON outbox.contact_id = link.contact_id AND outbox.fields ? seen.field
      WHERE link.connection_id = %(connection_id)s AND link.object = seen.object AND link.record_id = seen.record_id)
  AND NOT EXISTS (
      SELECT FROM own_writes own
      WHERE own.connection_id = %(connection_id)s AND own.object = seen.object AND own.record_id = seen.record_id
        AND seen.stamp < date_trunc('second', own.written_at))
ORDER BY seen.address, seen.kind, seen.record_id;

-- unsent --
-- The newest edit among the opt-outs and opt-ins of a connection that wait to be sent.
SELECT max(outbox.version) FROM outbox
JOIN links link ON link.contact_id = outbox.contact_id AND link.connection_id = %(connection_id)s
    AND link.state IN ('live', 'outside')
WHERE outbox.lane = 0 AND outbox.state = 'waiting' AND outbox.kind = 'change'
  AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s);

-- sent_until --
-- The newest edit that the consent lane has tried to send.
SELECT consent_sent FROM schedules WHERE connection_id = %(connection_id)s;

-- note_sent --
-- The consent lane has tried to send the edits up to this one.
UPDATE schedules SET consent_sent = %(version)s WHERE connection_id = %(connection_id)s;

-- due --
-- Connections whose consent lane has something to do: edits that wait, facts that contacts do not show yet, or a run
-- that goes on for some time already, beside which opt-outs in Salesforce are looked for. A job that is under way while
-- nobody holds the lane is that of a worker that died: another goes on, long before its silence tells of it.
WITH due AS (
    SELECT schedule.connection_id FROM schedules schedule
    JOIN connections connection ON connection.id = schedule.connection_id AND connection.state = 'active'
    WHERE NOT schedule.paused
      AND NOT EXISTS (SELECT FROM procrastinate_jobs job
                      WHERE job.queueing_lock = 'send:' || schedule.connection_id || ':consent'
                        AND (job.status = 'todo' OR job.status = 'doing' AND (
                             schedule.consent_at >= %(now)s::timestamptz - %(pause)s::interval
                             OR EXISTS (SELECT FROM pg_locks held WHERE held.locktype = 'advisory' AND held.granted
                                        AND held.database = (SELECT oid FROM pg_database
                                                             WHERE datname = current_database())
                                        AND held.classid = %(lane_space)s AND held.objid = schedule.connection_id))))
      AND (schedule.mode <> 'manual' AND (
               EXISTS (SELECT FROM outbox
                       JOIN links link ON link.contact_id = outbox.contact_id AND link.state IN ('live', 'outside')
                           AND link.connection_id = schedule.connection_id
                       WHERE outbox.lane = 0 AND outbox.state = 'waiting' AND outbox.kind = 'change'
                         AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s)
                         AND (outbox.version > schedule.consent_sent
                              OR schedule.consent_at < %(now)s::timestamptz - %(again)s::interval))
            OR EXISTS (SELECT FROM consent_pending)
               AND (schedule.consent_at IS NULL OR schedule.consent_at < %(now)s::timestamptz - %(pause)s::interval))
        OR (schedule.consent_at IS NULL OR schedule.consent_at < %(now)s::timestamptz - %(pause)s::interval)
           AND EXISTS (SELECT FROM runs run WHERE run.connection_id = schedule.connection_id
                       AND run.state = 'running' AND run.kind <> 'consent'
                       AND run.started_at < %(now)s::timestamptz - %(settled)s::interval)
           AND EXISTS (SELECT FROM pg_locks held WHERE held.locktype = 'advisory' AND held.granted
                       AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                       AND held.classid = %(run_space)s AND held.objid = schedule.connection_id))
      AND EXISTS (SELECT FROM mappings mapping WHERE mapping.connection_id = connection.id)
    FOR UPDATE OF schedule SKIP LOCKED
)
UPDATE schedules SET consent_at = %(now)s FROM due WHERE schedules.connection_id = due.connection_id
RETURNING schedules.connection_id;
