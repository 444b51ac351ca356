-- begin --
-- A new upload.
INSERT INTO bulk_writes (connection_id, object, lane, run_id)
VALUES (%(connection_id)s, %(object)s, %(lane)s, %(run_id)s) RETURNING id;

-- gather --
-- What waits in a lane, as it is to be sent; what Bulk cannot carry (a text that it takes for null, a value that is too
-- long, a person account) is left to collections.
INSERT INTO bulk_write_rows (write_id, contact_id, record_id, version, stamp, ours, theirs)
SELECT %(write_id)s, waiting.contact_id, waiting.record_id, waiting.version, waiting.stamp, waiting.ours, waiting.theirs
FROM ({pending}) waiting (contact_id, record_id, version, stamp, ours, theirs, parent, account)
WHERE waiting.ours IS NOT NULL AND waiting.account IS NULL AND NOT EXISTS (
    SELECT FROM jsonb_each_text(waiting.ours) given (field, value)
    LEFT JOIN (VALUES {limits}) limits (field, longest) ON limits.field = given.field
    WHERE given.value = '#N/A' OR char_length(given.value) > limits.longest);

-- trim --
-- Rows that would make the upload too large wait for the next one; a row's JSON is longer than its CSV.
DELETE FROM bulk_write_rows
USING (SELECT record_id, sum(octet_length(ours::text) + %(overhead)s) OVER (ORDER BY contact_id) AS size
       FROM bulk_write_rows WHERE write_id = %(write_id)s) sized
WHERE bulk_write_rows.write_id = %(write_id)s AND bulk_write_rows.record_id = sized.record_id
  AND sized.size > %(most)s;

-- make_looked --
-- Where the records that changed lately are staged.
CREATE TEMP TABLE looked (record_id text COLLATE "C", stamp timestamptz) ON COMMIT DROP;

-- drop_moved --
-- Records that changed since they were read are left for the next run, which decides.
DELETE FROM bulk_write_rows USING looked
WHERE bulk_write_rows.write_id = %(write_id)s AND bulk_write_rows.record_id = looked.record_id
  AND bulk_write_rows.stamp IS NOT NULL AND bulk_write_rows.stamp IS DISTINCT FROM looked.stamp;

-- count --
-- How many rows an upload has.
SELECT count(*) FROM bulk_write_rows WHERE write_id = %(write_id)s;

-- content --
-- The upload as CSV: a value that is not sent is empty and left alone, one that is cleared is #N/A. Children of one
-- parent lie together, since each write locks the parent.
COPY (SELECT sent.record_id AS "Id", {columns}
      FROM bulk_write_rows sent LEFT JOIN {mirror} mirror ON mirror.id = sent.record_id
      WHERE sent.write_id = {write_id} ORDER BY {parent}, sent.record_id)
TO STDOUT (FORMAT csv, HEADER true, FORCE_QUOTE *);

-- note_job --
-- The job of an upload, before anything is sent to it.
UPDATE bulk_writes SET job_id = %(job_id)s, written_at = %(written_at)s WHERE id = %(write_id)s;

-- open --
-- Uploads that are not settled.
SELECT id, object, lane, job_id, written_at FROM bulk_writes WHERE connection_id = %(connection_id)s ORDER BY id;

-- make_results --
-- Where the results of a job are gathered.
CREATE TEMP TABLE bulk_results (kind text, record_id text COLLATE "C", error text) ON COMMIT DROP;

-- count_results --
-- How many rows each result has.
SELECT kind, count(*) FROM bulk_results GROUP BY kind;

-- done --
-- What was taken, joined by the record's id: results come in any order, and may lack rows.
CREATE TEMP TABLE bulk_done ON COMMIT DROP AS
SELECT contact_id, record_id, version, ours, theirs FROM bulk_write_rows
WHERE write_id = %(write_id)s AND EXISTS (
    SELECT FROM bulk_results result WHERE result.record_id = bulk_write_rows.record_id
      AND result.kind = 'successfulResults');

-- failed --
-- What was refused, with the marketing fields that the error names: code, message, fields, two dashes.
CREATE TEMP TABLE bulk_failed ON COMMIT DROP AS
SELECT DISTINCT ON (sent.record_id) sent.contact_id, sent.record_id, sent.version,
       split_part(result.error, ':', 1) AS code,
       regexp_replace(substr(result.error, strpos(result.error, ':') + 1),
                      ':(([A-Za-z0-9_.]+[ ,]*)*)\s*--\s*$', '') AS message,
       ''::text AS remedy,
       ARRAY(SELECT mapped.field FROM (VALUES {sources}) mapped (field, source)
             WHERE sent.ours ? mapped.field AND mapped.source = ANY(regexp_split_to_array(
                 lower((regexp_match(result.error, ':(([A-Za-z0-9_.]+[ ,]*)*)\s*--\s*$'))[1]), '[ ,]+'))) AS names,
       (SELECT count(*) FROM jsonb_object_keys(sent.ours)) AS sent_fields,
       ''::text AS next
FROM bulk_write_rows sent
JOIN bulk_results result ON result.record_id = sent.record_id AND result.kind = 'failedResults'
WHERE sent.write_id = %(write_id)s;

-- codes --
-- The codes of what was refused, how often, and what was said last.
SELECT code, count(*), max(message) FROM bulk_failed GROUP BY code;

-- judge --
-- What happens next, by code: a row refused for some of its fields is sent without them, others that are for a person
-- are parked, and everything else goes on waiting.
UPDATE bulk_failed SET remedy = judged.remedy,
    next = CASE WHEN judged.action <> 'person' THEN judged.action
                WHEN cardinality(names) BETWEEN 1 AND sent_fields - 1 THEN 'without fields' ELSE 'park' END
FROM (VALUES {judged}) judged (code, action, remedy) WHERE judged.code = bulk_failed.code;

-- count_done --
-- How many values were taken, by field.
SELECT field, count(*) FROM bulk_done CROSS JOIN LATERAL jsonb_object_keys(ours) field GROUP BY field;

-- drop_rows --
-- The upload is settled.
DELETE FROM bulk_write_rows WHERE write_id = %(write_id)s;

-- drop --
-- And forgotten.
DELETE FROM bulk_writes WHERE id = %(write_id)s;
