-- given --
-- Refused rows that Python holds, as the relation that the statements below read.
jsonb_to_recordset(%(refused)s) failed (contact_id bigint, record_id text, version bigint, code text, message text,
                                        remedy text, names text[], next text);

-- park --
-- Rows that wait until the record, the field or the right changes; a further edit wakes them.
UPDATE outbox SET state = 'parked', reason = failed.message
FROM {failed}
WHERE outbox.contact_id = failed.contact_id AND outbox.version = failed.version AND failed.next = 'park';

-- drop_fields --
-- Fields that were refused no longer wait; the issue tells of them, and a further edit sends them again.
UPDATE outbox SET fields = outbox.fields - failed.names
FROM {failed}
WHERE outbox.contact_id = failed.contact_id AND outbox.version = failed.version AND failed.next = 'without fields';

-- tell_again --
-- One open issue per cause, record and field: seen again, it is told anew.
UPDATE issues SET message = failed.message, remedy = failed.remedy, run_id = %(run_id)s, at = %(now)s
FROM {failed}
WHERE issues.connection_id = %(connection_id)s AND issues.state = 'open' AND issues.direction = 'push'
  AND issues.code = failed.code AND issues.contact_id = failed.contact_id
  AND (issues.field = ANY(failed.names) OR (issues.field = '' AND failed.names = '{{}}'))
  AND failed.next IN ('park', 'without fields');

-- tell --
-- An issue for each refused field, or for the record where no field was named.
INSERT INTO issues (connection_id, run_id, object, record_id, contact_id, field, direction, code, message, remedy,
                    state, at)
SELECT %(connection_id)s, %(run_id)s, %(object)s, coalesce(failed.record_id, ''), failed.contact_id, named.field, 'push',
       failed.code, failed.message, failed.remedy, 'open', %(now)s
FROM {failed}
CROSS JOIN LATERAL unnest(CASE WHEN failed.names = '{{}}' THEN ARRAY[''] ELSE failed.names END) named (field)
WHERE failed.next IN ('park', 'without fields') AND NOT EXISTS (
    SELECT FROM issues WHERE issues.connection_id = %(connection_id)s AND issues.state = 'open'
      AND issues.direction = 'push' AND issues.code = failed.code AND issues.contact_id = failed.contact_id
      AND issues.field = named.field);

-- remember --
-- As what the record and its fields were seen when they were refused.
INSERT INTO refused (connection_id, object, contact_id, field, code, shape, stamp, at)
SELECT %(connection_id)s, %(object)s, failed.contact_id, named.field, failed.code, %(shape)s, {stamp}, %(now)s
FROM {failed}
LEFT JOIN {mirror} mirror ON mirror.id = failed.record_id COLLATE "C"
CROSS JOIN LATERAL unnest(CASE WHEN failed.names = '{{}}' THEN ARRAY[''] ELSE failed.names END) named (field)
WHERE failed.next IN ('park', 'without fields')
ON CONFLICT (connection_id, contact_id, field) DO UPDATE
SET object = excluded.object, code = excluded.code, shape = excluded.shape, stamp = excluded.stamp, at = excluded.at,
    probed = false;

-- resolve --
-- What was refused of these has been taken now: the record as a whole, and the fields that were sent.
UPDATE issues SET state = 'resolved', at = %(now)s
FROM {sent}
WHERE issues.connection_id = %(connection_id)s AND issues.state = 'open' AND issues.direction = 'push'
  AND issues.contact_id = sent.contact_id AND (issues.field = '' OR sent.ours ? issues.field);

-- wake_alike --
-- A probe was taken: what was refused for the same reason is tried again with the next run.
UPDATE refused SET shape = NULL
FROM (SELECT DISTINCT probe.object, probe.code, probe.field FROM refused probe
      JOIN {sent} ON sent.contact_id = probe.contact_id
      WHERE probe.connection_id = %(connection_id)s AND probe.probed AND (probe.field = '' OR sent.ours ? probe.field)
     ) taken
WHERE refused.connection_id = %(connection_id)s AND refused.object = taken.object AND refused.code = taken.code
  AND refused.field = taken.field;

-- forget --
-- It is refused no more.
DELETE FROM refused USING {sent}
WHERE refused.connection_id = %(connection_id)s AND refused.contact_id = sent.contact_id
  AND (refused.field = '' OR sent.ours ? refused.field);

-- forget_gone --
-- Contacts that stand for nobody any more have nothing to be tried again.
DELETE FROM refused
WHERE connection_id = %(connection_id)s AND NOT EXISTS (
    SELECT FROM contacts WHERE contacts.id = refused.contact_id AND contacts.state = 'active');

-- chosen --
-- What is tried again: the record was changed by somebody, the fields or rights are others, or it is a day's probe.
CREATE TEMP TABLE chosen ON COMMIT DROP AS
SELECT refused.contact_id, refused.field, coalesce(probe.contact_id IS NOT NULL, false) AS probed
FROM refused
LEFT JOIN links link ON link.contact_id = refused.contact_id AND link.connection_id = refused.connection_id
    AND link.state = 'live'
LEFT JOIN {mirror} mirror ON mirror.id = link.record_id
LEFT JOIN (SELECT DISTINCT ON (code, field) contact_id, code, field FROM refused
           WHERE connection_id = %(connection_id)s AND object = %(object)s
             AND (code, field) NOT IN (SELECT code, field FROM refused WHERE connection_id = %(connection_id)s
                                       AND object = %(object)s AND at > %(probe_before)s)
           ORDER BY code, field, contact_id) probe
    ON probe.contact_id = refused.contact_id AND probe.field = refused.field
WHERE refused.connection_id = %(connection_id)s AND refused.object = %(object)s
  AND (refused.shape IS DISTINCT FROM %(shape)s OR ({stamp} > refused.stamp AND {by_others})
       OR probe.contact_id IS NOT NULL);

-- note_tried --
-- They are tried now; once more only when something changes again.
UPDATE refused SET shape = %(shape)s, stamp = coalesce({stamp}, refused.stamp), probed = chosen.probed, at = %(now)s
FROM chosen
LEFT JOIN links link ON link.contact_id = chosen.contact_id AND link.connection_id = %(connection_id)s
    AND link.state = 'live'
LEFT JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE refused.connection_id = %(connection_id)s AND refused.contact_id = chosen.contact_id
  AND refused.field = chosen.field;
