-- make_undoing --
-- The values that the chosen changes had before the first of them and after the last, beside what they are now. What
-- Salesforce set by itself came with its record, and has no value before.
CREATE TEMP TABLE undoing AS
SELECT chosen.contact_id, chosen.field, chosen.before, chosen.after,
       CASE chosen.field {ours} END AS present,
       contact.state = 'active' AS living
FROM (
    SELECT contact_id, field, (array_agg(old ORDER BY id))[1] AS before,
           (array_agg(new ORDER BY id DESC))[1] AS after
    FROM change_log
    WHERE field = ANY(%(fields)s)
      AND (action = 'update' OR action = 'overruled' AND origin = 'salesforce')
      AND rule IS DISTINCT FROM 'set by Salesforce on creation'
      AND {chosen}
    GROUP BY contact_id, field
) chosen
JOIN contacts contact ON contact.id = chosen.contact_id;

-- index_undoing --
-- Batches are taken from it in order.
CREATE INDEX ON undoing (contact_id);

-- drop_undoing --
-- An earlier look of this session is over.
DROP TABLE IF EXISTS undoing;

-- totals --
-- By field: values given back, those changed since, those that are back already.
SELECT field, count(*) FILTER (WHERE {restorable}),
       count(*) FILTER (WHERE living AND present IS DISTINCT FROM after AND present IS DISTINCT FROM before),
       count(*) FILTER (WHERE living AND present IS NOT DISTINCT FROM before)
FROM undoing GROUP BY field ORDER BY field;

-- contacts --
-- How many contacts that touches.
SELECT count(DISTINCT contact_id) FROM undoing WHERE {restorable};

-- not_undone --
-- Chosen changes that have no value before.
SELECT action, count(*) FROM change_log
WHERE action NOT IN ('update', 'sent', 'overruled') AND NOT action = ANY(%(taken)s) AND {chosen}
GROUP BY action ORDER BY action;

-- unmapped --
-- Chosen changes of fields that the mapping has no more.
SELECT field, count(*) FROM change_log
WHERE field IS NOT NULL AND NOT field = ANY(%(fields)s) AND {chosen}
GROUP BY field ORDER BY field;

-- examples --
-- Some values that are given back, and some that stay because they were changed since.
(SELECT contact_id, field, present, before, '' FROM undoing WHERE {restorable} ORDER BY contact_id, field LIMIT 8)
UNION ALL
(SELECT contact_id, field, present, before, 'changed since' FROM undoing
 WHERE living AND present IS DISTINCT FROM after AND present IS DISTINCT FROM before
 ORDER BY contact_id, field LIMIT 4);

-- batch --
-- Where the next batch of contacts ends; none when all are done.
SELECT max(contact_id) FROM (
    SELECT DISTINCT contact_id FROM undoing WHERE contact_id > %(after)s AND {restorable}
    ORDER BY contact_id LIMIT %(rows)s
) next;

-- lock --
-- Holds the contacts of a batch still.
SELECT id FROM contacts
WHERE id IN (SELECT contact_id FROM undoing WHERE contact_id > %(after)s AND contact_id <= %(last)s)
ORDER BY id FOR UPDATE;

-- look_again --
-- An edit since the plan was made stays.
UPDATE undoing SET present = CASE undoing.field {ours} END, living = contact.state = 'active'
FROM contacts contact
WHERE contact.id = undoing.contact_id AND undoing.contact_id > %(after)s AND undoing.contact_id <= %(last)s;

-- restore --
-- Contacts take the values before; capture logs it, and queues what the mapping sends.
UPDATE contacts contact SET {assignments}, updated_at = %(now)s
FROM (
    SELECT contact_id, jsonb_object_agg(field, before) AS new FROM undoing
    WHERE contact_id > %(after)s AND contact_id <= %(last)s AND {restorable}
    GROUP BY contact_id
) taken
WHERE contact.id = taken.contact_id;

-- counted --
-- What the batch gave back.
SELECT count(*) FROM undoing WHERE contact_id > %(after)s AND contact_id <= %(last)s AND {restorable};

-- author --
-- Who writes in this transaction, in which run, and when: capture notes all of it.
SELECT set_config('syncline.origin', %(origin)s, true), set_config('syncline.run', %(run_id)s::text, true),
       set_config('syncline.now', %(moment)s, true), set_config('syncline.rule', %(rule)s, true);

-- make_sent --
-- What the chosen changes wrote into Salesforce: the value before the first and after the last of them, by record and
-- by the Salesforce field that the mapping of that time named.
CREATE TEMP TABLE undoing_sent AS
SELECT row_number() OVER (ORDER BY link.object, link.contact_id) AS number, link.object, link.record_id,
       link.contact_id, written.field, written.source, written.before, written.after
FROM (
    SELECT log.contact_id, log.field, CASE link.object WHEN 'Lead' THEN mapped.lead_source
           ELSE mapped.contact_source END AS source,
           (array_agg(log.old ORDER BY log.id))[1] AS before, (array_agg(log.new ORDER BY log.id DESC))[1] AS after
    FROM (SELECT * FROM change_log WHERE action = 'sent' AND {chosen}) log
    JOIN links link ON link.contact_id = log.contact_id AND link.connection_id = %(connection_id)s
    CROSS JOIN LATERAL (
        SELECT field.lead_source, field.contact_source
        FROM mappings JOIN mapped_fields field ON field.mapping_id = mappings.id AND field.name = log.field
        WHERE mappings.connection_id = %(connection_id)s AND mappings.created_at <= log.at
        ORDER BY mappings.version DESC LIMIT 1
    ) mapped
    GROUP BY 1, 2, 3
) written
JOIN links link ON link.contact_id = written.contact_id AND link.connection_id = %(connection_id)s
    AND link.state = 'live'
WHERE written.source IS NOT NULL AND written.before IS DISTINCT FROM written.after;

-- drop_sent --
-- An earlier look of this session is over.
DROP TABLE IF EXISTS undoing_sent;

-- sent_totals --
-- Values written into Salesforce, by the object's name and ours of the field.
SELECT object, field, count(*) FROM undoing_sent GROUP BY object, field ORDER BY object, field;

-- sent_batch --
-- The next records whose values are asked for and given back; a batch holds whole records of one object.
SELECT object, record_id, contact_id, jsonb_agg(jsonb_build_object('field', field, 'source', source,
       'before', before, 'after', after) ORDER BY field)
FROM undoing_sent
WHERE object = %(object)s AND contact_id > %(after)s
GROUP BY object, record_id, contact_id ORDER BY contact_id LIMIT %(rows)s;

-- log_sent_back --
-- What was given back in Salesforce, field by field.
INSERT INTO change_log (run_id, at, contact_id, action, field, old, new, rule, origin)
SELECT %(run_id)s, %(now)s, back.contact_id, 'sent', back.field, back.after, back.before, 'undone', %(origin)s
FROM jsonb_to_recordset(%(rows)s) back (contact_id bigint, field text, before text, after text);
