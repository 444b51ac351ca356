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

-- note --
-- What a run used.
INSERT INTO call_days (connection_id, day, calls, org_used, org_limit)
VALUES (%(connection_id)s, %(day)s, %(calls)s, %(org_used)s, %(org_limit)s)
ON CONFLICT (connection_id, day) DO UPDATE
SET calls = call_days.calls + excluded.calls, org_used = coalesce(excluded.org_used, call_days.org_used),
    org_limit = coalesce(excluded.org_limit, call_days.org_limit);

-- days --
-- The latest days.
SELECT day, calls, org_used, org_limit FROM call_days WHERE connection_id = %(connection_id)s
ORDER BY day DESC LIMIT %(days)s;
