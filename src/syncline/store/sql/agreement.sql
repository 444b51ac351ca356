-- make_seen --
-- What the org shows at this moment, reduced to the newest row per Id and typed.
CREATE TEMP TABLE seen ON COMMIT DROP AS
SELECT DISTINCT ON (id COLLATE "C") {typed} FROM {staging} staged ORDER BY id COLLATE "C";

-- scope --
-- Every record of the org: linked, or left out by a rule, or neither.
SELECT
    CASE WHEN link.contact_id IS NOT NULL THEN 'linked'
         WHEN left_out.reason IS NOT NULL THEN left_out.reason
         ELSE 'unexplained' END,
    count(*)
FROM seen mirror
LEFT JOIN links link ON link.connection_id = %(connection_id)s AND link.object = %(object)s
    AND link.record_id = mirror.id AND link.state = 'live'
LEFT JOIN left_out ON left_out.connection_id = %(connection_id)s AND left_out.object = %(object)s
    AND left_out.record_id = mirror.id
GROUP BY 1;

-- lost --
-- Live links whose record the org does not show.
SELECT count(*) FROM links link
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'live'
  AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.id = link.record_id);

-- compare --
-- How many linked records there are, and in how many of them each field differs.
SELECT count(*), {differences}
FROM seen mirror
JOIN links link ON link.connection_id = %(connection_id)s AND link.object = %(object)s
    AND link.record_id = mirror.id AND link.state = 'live'
JOIN contacts contact ON contact.id = link.contact_id;

-- examples --
-- Some of the values of one field that differ.
SELECT link.record_id, link.contact_id, {ours_text}, {theirs_text}
FROM seen mirror
JOIN links link ON link.connection_id = %(connection_id)s AND link.object = %(object)s
    AND link.record_id = mirror.id AND link.state = 'live'
JOIN contacts contact ON contact.id = link.contact_id
WHERE {ours} IS DISTINCT FROM {theirs}
ORDER BY link.record_id LIMIT 10;
