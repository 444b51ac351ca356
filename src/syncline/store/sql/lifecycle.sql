-- follow --
-- Links whose record was converted or merged away, with the record that stands for it now. The contact that keeps
-- the new record is the one already linked to it, else the oldest that comes to it; others are taken over by it.
WITH RECURSIVE moves AS NOT MATERIALIZED ({moves}),
chain AS (
    SELECT link.contact_id, link.object AS from_object, link.record_id AS from_id,
           move.to_object, move.to_id, move.reason, 1 AS depth
    FROM links link
    JOIN moves move ON move.object = link.object AND move.record_id = link.record_id
    WHERE link.connection_id = %(connection_id)s AND link.state IN ('live', 'deleted') AND {touched}
    UNION ALL
    SELECT chain.contact_id, chain.from_object, chain.from_id, move.to_object, move.to_id, chain.reason, chain.depth + 1
    FROM chain JOIN moves move ON move.object = chain.to_object AND move.record_id = chain.to_id
    WHERE chain.depth < 10
),
ends AS (
    SELECT DISTINCT ON (contact_id) contact_id, from_object, from_id, to_object, to_id, reason
    FROM chain ORDER BY contact_id, depth DESC
),
reachable AS (
    SELECT ends.*, holder.contact_id AS holder_id
    FROM ends
    LEFT JOIN links holder ON holder.connection_id = %(connection_id)s AND holder.object = ends.to_object
        AND holder.record_id = ends.to_id AND holder.state <> 'dismissed'
    WHERE EXISTS (SELECT 1 FROM ({people}) person WHERE person.object = ends.to_object AND person.id = ends.to_id)
),
kept AS (
    SELECT reachable.*, coalesce(holder_id, min(contact_id) OVER (PARTITION BY to_object, to_id)) AS keeper_id
    FROM reachable
)
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule,
                   from_object, from_id, into_contact_id)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY keeper_id <> contact_id, contact_id), to_object, to_id,
       contact_id, CASE reason WHEN 'converted' THEN 'convert' ELSE 'merge' END,
       CASE WHEN keeper_id = contact_id THEN 'rekey' ELSE 'join' END, reason, from_object, from_id,
       nullif(keeper_id, contact_id)
FROM kept;

-- has_links --
-- Whether anything of this connection is linked yet.
SELECT 1 FROM links WHERE connection_id = %(connection_id)s LIMIT 1;

-- find_deleted --
-- Live links whose record was deleted and stands for no other.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY link.contact_id), link.object, link.record_id,
       link.contact_id, 'delete', 'mark', 'deleted in Salesforce'
FROM links link JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'live'
  AND mirror.isdeleted AND {touched}
  AND NOT EXISTS (SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s
                  AND moving.contact_id = link.contact_id AND moving.action IN ('convert', 'merge'));

-- find_undeleted --
-- Links marked deleted whose record is seen alive again.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY link.contact_id), link.object, link.record_id,
       link.contact_id, 'undelete', 'revive', 'alive in Salesforce'
FROM links link JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'deleted'
  AND NOT mirror.isdeleted AND {touched}
  AND NOT EXISTS (SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s
                  AND moving.contact_id = link.contact_id AND moving.action IN ('convert', 'merge'));

-- has_unlinked --
-- Whether any contact waits for a record to be matched with.
SELECT 1 FROM contacts WHERE NOT linked AND state = 'active' LIMIT 1;

-- match --
-- First match of unlinked records with unlinked contacts: by our external id, else by address; of several records
-- the oldest, of several contacts the oldest.
WITH unlinked AS (
    SELECT mirror.id, mirror.createddate, {email} AS email, {external} AS external_key
    FROM {mirror} mirror
    WHERE NOT mirror.isdeleted AND {unconverted} AND {touched}
      AND NOT EXISTS (SELECT 1 FROM links link WHERE link.connection_id = %(connection_id)s
                      AND link.object = %(object)s AND link.record_id = mirror.id AND link.state <> 'dismissed')
),
pairs AS (
    SELECT contact.id AS contact_id, unlinked.id AS record_id, unlinked.createddate,
           contact.external_key IS NOT NULL AND contact.external_key = unlinked.external_key AS by_key
    FROM unlinked JOIN contacts contact
      ON NOT contact.linked AND contact.state = 'active'
     AND (contact.external_key = unlinked.external_key OR lower(contact.email) = lower(unlinked.email))
    WHERE NOT EXISTS (SELECT 1 FROM delta linking WHERE linking.run_id = %(run_id)s
                      AND linking.contact_id = contact.id AND linking.action = 'link')
      AND NOT EXISTS (SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s AND moving.object = %(object)s
                      AND moving.record_id = unlinked.id AND moving.action IN ('convert', 'merge'))
),
first_record AS (
    SELECT DISTINCT ON (contact_id) * FROM pairs ORDER BY contact_id, by_key DESC, createddate, record_id
),
first_contact AS (
    SELECT DISTINCT ON (record_id) * FROM first_record ORDER BY record_id, by_key DESC, contact_id
)
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY contact_id), %(object)s, record_id, contact_id,
       'link', 'link', CASE WHEN by_key THEN 'same external id' ELSE 'same address' END
FROM first_contact;

-- has_dismissed --
-- Whether a contact of this connection was ever deleted here.
SELECT 1 FROM links WHERE connection_id = %(connection_id)s AND state = 'dismissed' LIMIT 1;

-- dismissed --
-- Records that whoever was deleted here became by conversion.
SELECT move.to_id FROM links gone
JOIN ({moves}) move ON move.object = gone.object AND move.record_id = gone.record_id
WHERE gone.connection_id = %(connection_id)s AND gone.state = 'dismissed' AND move.reason = 'converted'
  AND move.to_object = %(object)s;

-- find_new --
-- Records without a link, each with the rule that leaves it out; without one it becomes a contact.
CREATE TEMP TABLE unlinked ON COMMIT DROP AS
SELECT mirror.id, CASE
    WHEN mirror.isdeleted AND {merged} THEN 'merged'
    WHEN mirror.isdeleted THEN 'deleted'
    WHEN NOT {unconverted} THEN 'converted'
    WHEN {dismissed} THEN 'deleted_here'
    WHEN {email} IS NULL THEN 'without_email'
    WHEN {email} NOT LIKE '_%%@_%%._%%' OR {email} LIKE '%%@%%@%%' OR {email} LIKE '%% %%' THEN 'malformed_email'
END AS reason
FROM {mirror} mirror
WHERE {touched}
  AND NOT EXISTS (SELECT 1 FROM links link WHERE link.connection_id = %(connection_id)s
                  AND link.object = %(object)s AND link.record_id = mirror.id)
  AND NOT EXISTS (SELECT 1 FROM delta taken WHERE taken.run_id = %(run_id)s AND taken.object = %(object)s
                  AND taken.record_id = mirror.id AND taken.action IN ('convert', 'merge', 'link'));

-- leave_out --
-- A rule that leaves a record out is recorded with it.
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT %(connection_id)s, %(object)s, id, reason FROM unlinked WHERE reason IS NOT NULL
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason
WHERE left_out.reason <> excluded.reason;

-- take_back --
-- A record that no rule leaves out any more.
DELETE FROM left_out USING unlinked
WHERE left_out.connection_id = %(connection_id)s AND left_out.object = %(object)s
  AND left_out.record_id = unlinked.id AND unlinked.reason IS NULL;

-- plan_creates --
-- One row per new contact; its values are read from the mirror when it is applied.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (), %(object)s, id, nextval('contacts_id_seq'),
       'create', 'create', 'new in Salesforce'
FROM unlinked WHERE reason IS NULL;
