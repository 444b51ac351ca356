-- load --
-- What the org showed of objects when it was last asked.
SELECT object, shape, user_id, api_version, mapping_version, checked_at FROM describes
WHERE connection_id = %(connection_id)s AND object = ANY(%(objects)s);

-- save --
-- Keeps what the org shows of an object.
INSERT INTO describes (connection_id, object, shape, user_id, api_version, mapping_version, checked_at)
VALUES (%(connection_id)s, %(object)s, %(shape)s, %(user_id)s, %(api_version)s, %(mapping_version)s, %(checked_at)s)
ON CONFLICT (connection_id, object) DO UPDATE
SET shape = excluded.shape, user_id = excluded.user_id, api_version = excluded.api_version,
    mapping_version = excluded.mapping_version, checked_at = excluded.checked_at;
