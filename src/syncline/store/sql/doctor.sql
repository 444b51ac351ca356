-- last_contact --
-- When the newest finished run of each connection ended.
SELECT connection_id, max(finished_at) FROM runs WHERE finished_at IS NOT NULL GROUP BY connection_id;
