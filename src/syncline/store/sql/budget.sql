-- load --
-- What a connection may use.
SELECT ceiling, reserve FROM budgets WHERE connection_id = %(connection_id)s;

-- save --
-- Another budget.
INSERT INTO budgets (connection_id, ceiling, reserve) VALUES (%(connection_id)s, %(ceiling)s, %(reserve)s)
ON CONFLICT (connection_id) DO UPDATE SET ceiling = excluded.ceiling, reserve = excluded.reserve;

-- used --
-- Calls of a day.
SELECT calls FROM call_days WHERE connection_id = %(connection_id)s AND day = %(day)s;

-- open_day --
-- The row of a day, where its first call makes it.
INSERT INTO call_days (connection_id, day, calls) VALUES (%(connection_id)s, %(day)s, 0) ON CONFLICT DO NOTHING;

-- lock_day --
-- Calls of a day; nobody else reserves until the transaction ends.
SELECT calls FROM call_days WHERE connection_id = %(connection_id)s AND day = %(day)s FOR UPDATE;

-- add --
-- Calls that are reserved, or given back.
UPDATE call_days SET calls = calls + %(calls)s WHERE connection_id = %(connection_id)s AND day = %(day)s;

-- note_org --
-- What the whole org used.
INSERT INTO call_days (connection_id, day, calls, org_used, org_limit)
VALUES (%(connection_id)s, %(day)s, 0, %(used)s, %(limit)s)
ON CONFLICT (connection_id, day) DO UPDATE SET org_used = excluded.org_used, org_limit = excluded.org_limit;

-- days --
-- The latest days.
SELECT day, calls, org_used, org_limit FROM call_days WHERE connection_id = %(connection_id)s
ORDER BY day DESC LIMIT %(days)s;
