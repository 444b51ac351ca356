-- lock_shape --
-- One process at a time alters the tables of a connection.
SELECT pg_advisory_xact_lock(%(space)s, %(connection_id)s::integer);

-- columns --
-- The columns of a mirror table with their types.
SELECT attribute.attname, format_type(attribute.atttypid, NULL)
FROM pg_attribute attribute
WHERE attribute.attrelid = to_regclass(%(table)s) AND attribute.attnum > 0 AND NOT attribute.attisdropped;

-- count_columns --
-- Columns that a table has or had: PostgreSQL counts both towards its limit.
SELECT count(*) FROM pg_attribute attribute
WHERE attribute.attrelid = to_regclass(%(table)s) AND attribute.attnum > 0;

-- indexed_columns --
-- Columns that have an index to themselves, over every row.
SELECT attribute.attname
FROM pg_index index
JOIN pg_attribute attribute ON attribute.attrelid = index.indrelid AND attribute.attnum = index.indkey[0]
WHERE index.indrelid = to_regclass(%(table)s) AND index.indnatts = 1 AND index.indpred IS NULL;

-- viewed_columns --
-- Which of these columns somebody's views need, and the views of each.
SELECT attribute.attname, string_agg(DISTINCT 'the view ' || viewing.oid::regclass, ', ')
FROM pg_depend depend
JOIN pg_rewrite rewrite ON rewrite.oid = depend.objid
JOIN pg_class viewing ON viewing.oid = rewrite.ev_class
JOIN pg_attribute attribute ON attribute.attrelid = depend.refobjid AND attribute.attnum = depend.refobjsubid
WHERE depend.classid = 'pg_rewrite'::regclass AND depend.refclassid = 'pg_class'::regclass
  AND depend.refobjid = to_regclass(%(table)s) AND attribute.attname = ANY(%(columns)s::text[])
GROUP BY 1;
