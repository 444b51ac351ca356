-- of_mirror --
-- One value on some living records of the mirror, the values that it reads beside it.
SELECT mirror.id, {values}, {result} FROM {mirror} mirror WHERE NOT mirror.isdeleted ORDER BY mirror.id LIMIT %(limit)s;

-- of_records --
-- The same on records that were just read.
SELECT mirror.id, {values}, {result} FROM jsonb_to_recordset(%(records)s) mirror ({columns});

-- filter_of_mirror --
-- How many living records a filter keeps and leaves out, and of these how many stand for a contact that is synced.
SELECT count(*) FILTER (WHERE {fits}), count(*) FILTER (WHERE NOT {fits}),
       count(*) FILTER (WHERE NOT {fits} AND EXISTS (
           SELECT 1 FROM links link WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s
             AND link.record_id = mirror.id AND link.state = 'live'))
FROM {mirror} mirror WHERE NOT mirror.isdeleted AND {unconverted};

-- left_out_of_mirror --
-- Some of the records that it leaves out, those of synced contacts first, with the values that it reads.
SELECT mirror.id, {values}, 'left out' FROM {mirror} mirror
WHERE NOT mirror.isdeleted AND {unconverted} AND NOT {fits}
ORDER BY NOT EXISTS (
    SELECT 1 FROM links link WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s
      AND link.record_id = mirror.id AND link.state = 'live'), mirror.id
LIMIT %(limit)s;

-- filter_of_records --
-- The counts over records that were just read, none of which stands for a contact here.
SELECT count(*) FILTER (WHERE {fits}), count(*) FILTER (WHERE NOT {fits}), 0
FROM jsonb_to_recordset(%(records)s) mirror ({columns});

-- left_out_of_records --
-- Some of those that it leaves out.
SELECT mirror.id, {values}, 'left out' FROM jsonb_to_recordset(%(records)s) mirror ({columns})
WHERE NOT {fits} ORDER BY mirror.id LIMIT %(limit)s;
