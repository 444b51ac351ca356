-- keep --
-- New records of an upload, known by their marks.
INSERT INTO bulk_write_rows (write_id, contact_id, record_id, version, ours, theirs)
SELECT %(write_id)s, given.contact_id, given.mark, given.version, given.sent, '{{}}'
FROM jsonb_to_recordset(%(rows)s) given (contact_id bigint, version bigint, mark text, sent jsonb);

-- contacts --
-- The contacts of an upload.
SELECT contact_id FROM bulk_write_rows WHERE write_id = %(write_id)s ORDER BY contact_id;

-- make_results --
-- Where the results of a job are gathered.
CREATE TEMP TABLE create_results (kind text, record_id text, mark text COLLATE "C") ON COMMIT DROP;

-- take_result --
-- One of them.
INSERT INTO create_results SELECT {kind}, {record_id}, lower({mark}) FROM create_result;

-- settle --
-- What became of each row, joined by its mark: results come in any order, and may lack rows.
SELECT sent.contact_id, result.kind, result.record_id, sent.ours
FROM bulk_write_rows sent JOIN create_results result ON result.mark = lower(sent.record_id)
WHERE sent.write_id = %(write_id)s ORDER BY sent.contact_id;
