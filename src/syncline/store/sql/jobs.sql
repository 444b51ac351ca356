-- add --
-- Queues a job in the caller's transaction; one with the same lock that waits already is enough.
SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, %(priority)s,
                                             CASE WHEN %(alone)s THEN %(lock)s END, %(lock)s, %(args)s::jsonb,
                                             NULL)::procrastinate_job_to_defer_v1])
WHERE NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.queueing_lock = %(lock)s AND job.status = 'todo');

-- prune --
-- Workers that gave no sign of life for so long are forgotten, by the database's clock; their jobs have none then.
SELECT procrastinate_prune_stalled_workers_v1(%(seconds)s);

-- stalled --
-- Jobs under way without a worker.
SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL ORDER BY id FOR UPDATE SKIP LOCKED;

-- lost --
-- Jobs that a worker fetched and does not run: the answer, or the note of the end, was lost with the database.
SELECT id FROM procrastinate_jobs
WHERE status = 'doing' AND worker_id = %(worker_id)s AND NOT id = ANY(%(running)s) ORDER BY id;

-- give_up --
-- Jobs that their worker does not run belong to nobody.
UPDATE procrastinate_jobs SET worker_id = NULL
WHERE status = 'doing' AND worker_id = %(worker_id)s AND id = ANY(%(job_ids)s);

-- requeue --
-- Another worker takes the job up.
SELECT procrastinate_retry_job_v2(%(job_id)s, NULL, NULL, NULL, NULL);

-- close --
-- The job ends here: another of the same lock waits already and does its work.
SELECT procrastinate_finish_job_v1(%(job_id)s, 'failed', false);

-- purge --
-- Ended jobs that are older than this, with what was noted of them.
DELETE FROM procrastinate_jobs job
WHERE job.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
  AND NOT EXISTS (SELECT FROM procrastinate_events event WHERE event.job_id = job.id AND event.at >= %(before)s);

-- count --
-- Jobs that wait or are under way, by queue.
SELECT queue_name, status::text, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
GROUP BY queue_name, status;

-- workers --
-- Queue loops of workers that gave a sign of life before the latest sweep.
SELECT count(*) FROM procrastinate_workers;
