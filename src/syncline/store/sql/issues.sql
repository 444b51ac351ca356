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
-- What was refused of these contacts has been taken now.
UPDATE issues SET state = 'resolved', at = %(now)s
WHERE connection_id = %(connection_id)s AND state = 'open' AND direction = 'push'
  AND contact_id = ANY(%(contact_ids)s);
