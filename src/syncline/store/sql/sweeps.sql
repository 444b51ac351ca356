-- load --
-- When each object was swept, and what an operator named.
SELECT object, swept_at, fields FROM sweeps WHERE connection_id = %(connection_id)s;

-- note --
-- An object was swept.
INSERT INTO sweeps (connection_id, object, swept_at, fields)
VALUES (%(connection_id)s, %(object)s, %(now)s, '{{}}')
ON CONFLICT (connection_id, object) DO UPDATE SET swept_at = excluded.swept_at;

-- name_fields --
-- Other fields are swept: the object is due at once.
INSERT INTO sweeps (connection_id, object, swept_at, fields)
VALUES (%(connection_id)s, %(object)s, to_timestamp(0), %(fields)s)
ON CONFLICT (connection_id, object) DO UPDATE SET swept_at = excluded.swept_at, fields = excluded.fields;
