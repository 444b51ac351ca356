-- open --
-- One open issue per cause, record and field: seen again, it is told anew.
WITH seen AS (
    UPDATE issues SET message = %(message)s, remedy = %(remedy)s, run_id = %(run_id)s, at = %(now)s
    WHERE connection_id = %(connection_id)s AND state = 'open' AND code = %(code)s AND object = %(object)s
      AND record_id = %(record_id)s AND field = %(field)s
      AND contact_id IS NOT DISTINCT FROM %(contact_id)s::bigint
    RETURNING id
)
INSERT INTO issues (connection_id, run_id, object, record_id, contact_id, field, direction, code, message, remedy,
                    state, at)
SELECT %(connection_id)s, %(run_id)s, %(object)s, %(record_id)s, %(contact_id)s, %(field)s, %(direction)s, %(code)s,
       %(message)s, %(remedy)s, 'open', %(now)s
WHERE NOT EXISTS (SELECT 1 FROM seen);

-- resolve --
-- What was refused of these contacts has been taken now: the record as a whole, and the fields that were sent.
UPDATE issues SET state = 'resolved', at = %(now)s
FROM jsonb_to_recordset(%(taken)s) taken (contact_id bigint, fields jsonb)
WHERE issues.connection_id = %(connection_id)s AND issues.state = 'open' AND issues.direction = 'push'
  AND issues.contact_id = taken.contact_id AND (issues.field = '' OR taken.fields ? issues.field);
