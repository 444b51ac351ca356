-- records --
-- How many records the mirror holds, deleted ones included.
SELECT count(*) FROM {mirror};

-- actions --
-- Rows of the delta by action.
SELECT action, count(*) FROM delta
WHERE run_id = %(run_id)s AND object = %(object)s AND action <> 'update' GROUP BY action;

-- field_totals --
-- Contacts that take something, and conflicts; a first import's creates are passed over by their numbers.
SELECT count(DISTINCT contact_id) FILTER (WHERE outcome = 'take'), count(*) FILTER (WHERE conflict)
FROM delta WHERE run_id = %(run_id)s AND object = %(object)s AND action = 'update'
  AND seq BETWEEN 0 AND %(creates)s;

-- fields --
-- Field decisions by field and outcome, how many of them blank a value of ours, and how many were conflicts.
SELECT field, outcome, count(*), count(*) FILTER (WHERE theirs IS NULL AND ours IS NOT NULL),
       count(*) FILTER (WHERE conflict)
FROM delta WHERE run_id = %(run_id)s AND object = %(object)s AND action = 'update'
  AND (seq BETWEEN 0 AND %(creates)s OR seq >= %(sends)s)
GROUP BY field, outcome ORDER BY field, outcome;

-- left_out --
-- Records without a contact, by the rule that leaves them out.
SELECT reason, count(*) FROM left_out
WHERE connection_id = %(connection_id)s AND object = %(object)s GROUP BY reason ORDER BY reason;

-- examples --
-- A few rows of each kind of decision; creates are all alike and come once.
SELECT object, record_id, contact_id, action, field, ours, theirs, outcome, rule FROM (
    SELECT delta.*, row_number() OVER (PARTITION BY action, field, outcome ORDER BY conflict DESC, seq) AS number
    FROM delta WHERE run_id = %(run_id)s AND (seq BETWEEN 0 AND %(creates)s OR seq >= %(sends)s)
) numbered
WHERE number <= %(each)s ORDER BY conflict DESC, seq LIMIT 40;

-- contacts --
-- Contacts that stand for somebody.
SELECT count(*) FROM contacts WHERE state <> 'merged';

-- waiting --
-- What would be sent: records with something to send that is not put off, and contacts to be created in Salesforce.
SELECT count(DISTINCT planned.contact_id) FILTER (WHERE planned.action = 'update'),
       count(*) FILTER (WHERE planned.action = 'create_there')
FROM delta planned
WHERE planned.run_id = %(run_id)s AND planned.outcome = 'send'
  AND (planned.seq BETWEEN 0 AND %(creates)s OR planned.seq >= %(sends)s)
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.contact_id = planned.contact_id AND outbox.not_before > %(now)s);
