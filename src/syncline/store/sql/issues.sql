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

-- causes --
-- Open issues by cause: how many, since when, and the newest example.
SELECT min(id), direction, code, object, field, count(*), min(at), max(at), (array_agg(message ORDER BY at DESC))[1],
       (array_agg(remedy ORDER BY at DESC))[1], (array_agg(record_id ORDER BY at DESC))[1],
       (array_agg(contact_id ORDER BY at DESC))[1]
FROM issues WHERE connection_id = %(connection_id)s AND state = 'open'
GROUP BY direction, code, object, field ORDER BY count(*) DESC, code, object, field;

-- rows --
-- The open issues of one cause, the newest first.
SELECT record_id, contact_id, message, remedy, run_id, at FROM issues
WHERE connection_id = %(connection_id)s AND state = 'open' AND direction = %(direction)s AND code = %(code)s
  AND object = %(object)s AND field = %(field)s
ORDER BY at DESC, id DESC LIMIT %(rows)s;

-- chosen --
-- Refused values and records that are to be tried again: all of the chosen causes, or one of each.
CREATE TEMP TABLE chosen ON COMMIT DROP AS
SELECT contact_id, field FROM (
    SELECT issues.*, row_number() OVER (PARTITION BY code, object, field ORDER BY id) AS number FROM issues
    WHERE connection_id = %(connection_id)s AND state = 'open' AND direction = 'push' AND contact_id IS NOT NULL
      AND (%(code)s::text IS NULL OR code = %(code)s) AND (%(field)s::text IS NULL OR field = %(field)s)
) numbered
WHERE NOT %(one_each)s OR number = 1;

-- wake --
-- Records that waited for a person, or for later, wait to be sent.
UPDATE outbox SET state = 'waiting', attempts = 0, reason = NULL, not_before = NULL
FROM chosen WHERE outbox.contact_id = chosen.contact_id;

-- requeue --
-- Values that were left out of what was sent wait again.
INSERT INTO outbox (contact_id, kind, lane, fields, version)
SELECT chosen.contact_id, 'change', min(rules.lane), jsonb_object_agg(chosen.field, NULL::text),
       nextval('outbox_version')
FROM chosen
JOIN (VALUES {lanes}) rules (field, lane) ON rules.field = chosen.field
JOIN links ON links.contact_id = chosen.contact_id AND links.connection_id = %(connection_id)s
    AND links.state = 'live'
GROUP BY chosen.contact_id
ON CONFLICT (contact_id) DO UPDATE
SET fields = excluded.fields || outbox.fields, lane = least(outbox.lane, excluded.lane), version = excluded.version;

-- count_chosen --
-- How many contacts are tried again.
SELECT count(DISTINCT contact_id) FROM chosen;

-- resolve_read --
-- What was wrong with records that have been read anew: what still is, is told anew after this.
UPDATE issues SET state = 'resolved', at = %(now)s
FROM {staging} staged
WHERE issues.connection_id = %(connection_id)s AND issues.state = 'open' AND issues.direction = 'pull'
  AND issues.object = %(object)s AND issues.record_id = staged.id;

-- resolve_others --
-- Of these codes, what is not told any more is mended.
UPDATE issues SET state = 'resolved', at = %(now)s
WHERE connection_id = %(connection_id)s AND state = 'open' AND code = ANY(%(codes)s)
  AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(%(kept)s) kept (code text, object text, field text)
      WHERE kept.code = issues.code AND kept.object = issues.object AND kept.field = issues.field);

-- open_of --
-- What is open of these codes.
SELECT code, object, field FROM issues
WHERE connection_id = %(connection_id)s AND state = 'open' AND code = ANY(%(codes)s);
