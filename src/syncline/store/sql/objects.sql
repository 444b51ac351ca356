-- list --
-- The objects that are mirrored beside those of the mapping.
SELECT object, choice, fields FROM mirrored_objects WHERE connection_id = %(connection_id)s ORDER BY object;

-- save --
-- Mirrors an object, or other fields of it.
INSERT INTO mirrored_objects (connection_id, object, choice, fields, added_at)
VALUES (%(connection_id)s, %(object)s, %(choice)s, %(fields)s, %(now)s)
ON CONFLICT (connection_id, object) DO UPDATE SET choice = excluded.choice, fields = excluded.fields;

-- remove --
-- An object is no longer mirrored.
DELETE FROM mirrored_objects WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- forget_cursor --
-- What was read of an object is not relied on any more.
DELETE FROM cursors WHERE connection_id = %(connection_id)s AND object = %(object)s;

-- resolve --
-- An object that is no longer mirrored has no issues.
UPDATE issues SET state = 'resolved', at = %(now)s
WHERE connection_id = %(connection_id)s AND state = 'open' AND direction = 'pull' AND object = %(object)s;

-- standing --
-- How far each object is read.
SELECT object, read_until FROM cursors WHERE connection_id = %(connection_id)s ORDER BY object;

-- count_live --
-- Records of an object that are not deleted.
SELECT count(*) FROM {mirror} WHERE {living};
