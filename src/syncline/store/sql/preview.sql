-- of_mirror --
-- One value on some living records of the mirror, the values that it reads beside it.
SELECT mirror.id, {values}, {result} FROM {mirror} mirror WHERE NOT mirror.isdeleted ORDER BY mirror.id LIMIT %(limit)s;

-- of_records --
-- The same on records that were just read.
SELECT mirror.id, {values}, {result} FROM jsonb_to_recordset(%(records)s) mirror ({columns});
