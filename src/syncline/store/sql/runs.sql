-- start --
-- Opens a run.
INSERT INTO runs (connection_id, kind, state, started_at, counts, message, job_id)
VALUES (%(connection_id)s, %(kind)s, 'running', %(now)s, '{{}}', '', %(job_id)s) RETURNING id;

-- abandon --
-- Runs whose process died: nobody can hold the connection's lock while they say running.
UPDATE runs SET state = 'failed', finished_at = %(now)s, message = 'The process ended before the run did.'
WHERE connection_id = %(connection_id)s AND state = 'running' AND (kind = 'consent') = %(beside)s;

-- cancel --
-- A run that is under way is asked to stop at its next safe place.
UPDATE runs SET cancel_requested = true
WHERE connection_id = %(connection_id)s AND state = 'running' AND kind <> 'consent' AND (%(run_id)s::bigint IS NULL OR id = %(run_id)s)
RETURNING id;

-- is_cancelled --
-- Whether somebody asked a run to stop.
SELECT cancel_requested FROM runs WHERE id = %(run_id)s;

-- finish --
-- Closes a run with what it counted.
UPDATE runs SET state = %(state)s, finished_at = %(now)s, counts = %(counts)s, message = %(message)s
WHERE id = %(run_id)s;

-- drop --
-- Forgets a run that moved nothing.
DELETE FROM runs WHERE id = %(run_id)s;

-- approve --
-- A person approved the mapping.
UPDATE mappings SET approved_at = %(now)s
WHERE connection_id = %(connection_id)s AND version = %(version)s AND approved_at IS NULL;

-- lock --
-- One run at a time per connection; the session holds it.
SELECT pg_try_advisory_lock(%(space)s, %(connection_id)s);

-- latest --
-- The latest runs of a connection, newest first.
SELECT id, kind, state, started_at, finished_at, counts, message FROM runs
WHERE connection_id = %(connection_id)s ORDER BY id DESC LIMIT %(limit)s;
