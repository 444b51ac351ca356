-- cursor --
-- How far the reading of an object is complete.
SELECT read_until, field_list, undecided_all, sources FROM cursors
WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- move_cursor --
-- Belongs in the transaction that merges the mirror.
INSERT INTO cursors (connection_id, object, read_until, field_list, undecided_all)
VALUES (%(connection_id)s, %(object)s, %(read_until)s, %(field_list)s, %(undecided_all)s)
ON CONFLICT (connection_id, object) DO UPDATE
SET read_until = greatest(cursors.read_until, excluded.read_until),
    field_list = excluded.field_list,
    undecided_all = cursors.undecided_all OR excluded.undecided_all;

-- settle_cursor --
-- Everything in the mirror is decided, by these sources.
UPDATE cursors SET undecided_all = false, sources = %(sources)s
WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- open_read --
-- The read in progress of an object.
SELECT road, job_id, soql, field_list, read_until, expected FROM reads
WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- begin_read --
-- Notes a read before its first page, so that the next process finds its Bulk job again.
INSERT INTO reads (connection_id, object, road, job_id, soql, field_list, read_until, expected)
VALUES (%(connection_id)s, %(object)s, %(road)s, %(job_id)s, %(soql)s, %(field_list)s, %(read_until)s, NULL)
ON CONFLICT (connection_id, object) DO UPDATE
SET road = excluded.road, job_id = excluded.job_id, soql = excluded.soql, field_list = excluded.field_list,
    read_until = excluded.read_until, expected = NULL;

-- expect --
-- How many rows the org says the read has.
UPDATE reads SET expected = %(expected)s WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- end_read --
-- The read is merged or given up.
DELETE FROM reads WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- ask_everything --
-- The next read of every object is one of everything: what was read up to now is not relied on.
UPDATE cursors SET field_list = '' WHERE connection_id = %(connection_id)s;

-- give_up --
-- Reads in progress are not gone on with.
DELETE FROM reads WHERE connection_id = %(connection_id)s;

-- ask_everything_of --
-- The next read of one object is one of everything.
UPDATE cursors SET field_list = '' WHERE connection_id = %(connection_id)s AND object = %(object)s;
