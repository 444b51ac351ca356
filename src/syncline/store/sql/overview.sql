-- connections --
-- Every connection with what monitoring asks for: its schedule, its latest run, open issues and the day's calls.
SELECT connection.name, connection.organization_name, connection.state, coalesce(schedule.paused, false),
       schedule.next_at, schedule.looked_at, schedule.changed_at, coalesce(schedule.failures, 0),
       latest.id, latest.kind, latest.state, latest.started_at, latest.finished_at, latest.message,
       (SELECT count(*) FROM issues WHERE issues.connection_id = connection.id AND issues.state = 'open'),
       coalesce((SELECT calls FROM call_days WHERE call_days.connection_id = connection.id
                 AND call_days.day = %(day)s), 0)
FROM connections connection
LEFT JOIN schedules schedule ON schedule.connection_id = connection.id
LEFT JOIN LATERAL (SELECT * FROM runs WHERE runs.connection_id = connection.id AND runs.kind <> 'consent'
                   ORDER BY runs.id DESC LIMIT 1) latest ON true
ORDER BY connection.name;

-- waiting --
-- What waits to be sent, by lane and state.
SELECT lane, state, count(*) FROM outbox GROUP BY lane, state;
