-- reset_position --
-- Puts the position of a read at its first page.
INSERT INTO read_positions (connection_id, object, locator, staged, finished)
VALUES (%(connection_id)s, %(object)s, NULL, 0, false)
ON CONFLICT (connection_id, object) DO UPDATE SET locator = NULL, staged = 0, finished = false;

-- position --
-- How far the read of an object is staged.
SELECT locator, staged, finished FROM read_positions
WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- store_position --
-- Moves the position behind the page that this transaction staged.
INSERT INTO read_positions (connection_id, object, locator, staged, finished)
VALUES (%(connection_id)s, %(object)s, %(locator)s, %(staged)s, %(finished)s)
ON CONFLICT (connection_id, object) DO UPDATE
SET locator = excluded.locator, staged = excluded.staged, finished = excluded.finished;

-- forget_position --
-- The read is merged: its position means nothing any more.
DELETE FROM read_positions WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- table_exists --
-- Whether a staging table is there.
SELECT 1 FROM information_schema.tables WHERE table_schema = %(schema)s AND table_name = %(table)s;

-- is_lasting --
-- Whether a staging table is a logged one: only those that are to become a mirror are.
SELECT 1 FROM pg_class WHERE relname = %(table)s AND relpersistence = 'p'
  AND relnamespace = to_regnamespace(%(schema)s);
