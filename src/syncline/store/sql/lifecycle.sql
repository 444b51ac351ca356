-- follow --
-- Links whose record was converted or merged away, with the record that stands for it now. The contact that keeps
-- the new record is the one already linked to it, else the oldest that comes to it; others are taken over by it.
WITH RECURSIVE moves AS NOT MATERIALIZED ({moves}),
chain AS (
    SELECT link.contact_id, link.object AS from_object, link.record_id AS from_id,
           move.to_object, move.to_id, move.reason, 1 AS depth
    FROM links link
    JOIN ({touched_moves}) move ON move.object = link.object AND move.record_id = link.record_id
    WHERE link.connection_id = %(connection_id)s AND link.state IN ('live', 'deleted', 'outside')
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
-- Links whose record was deleted and stands for no other: what becomes of them is a policy.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY link.contact_id), link.object, link.record_id,
       link.contact_id, 'delete', %(policy)s, 'deleted in Salesforce'
FROM links link JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state IN ('live', 'outside')
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

-- find_leaving --
-- Links whose record the filter leaves out now, and those that come to such a record in this run. Nothing else becomes of
-- them than that they are no longer synced.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY contact_id), %(object)s, id, contact_id, 'leave', 'leave',
       'outside of the filter'
FROM (
    SELECT link.contact_id, mirror.id FROM links link JOIN {mirror} mirror ON mirror.id = link.record_id
    WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'live'
      AND NOT mirror.isdeleted AND NOT {fits} AND {touched}
      AND NOT EXISTS (SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s
                      AND moving.contact_id = link.contact_id AND moving.action IN ('convert', 'merge'))
    UNION ALL
    SELECT moving.contact_id, mirror.id FROM delta moving JOIN {mirror} mirror ON mirror.id = moving.record_id
    WHERE moving.run_id = %(run_id)s AND moving.object = %(object)s AND moving.outcome IN ('rekey', 'revive')
      AND NOT mirror.isdeleted AND NOT {fits}
) leaving;

-- find_returning --
-- Links whose record the filter left out and no longer does.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY link.contact_id), link.object, link.record_id,
       link.contact_id, 'return', 'return', 'inside of the filter'
FROM links link JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'outside'
  AND NOT mirror.isdeleted AND {fits} AND {touched}
  AND NOT EXISTS (SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s
                  AND moving.contact_id = link.contact_id AND moving.action IN ('convert', 'merge'));

-- leaving --
-- Records that leave the filter in this run.
SELECT record_id FROM delta
WHERE run_id = %(run_id)s AND object = %(object)s AND action = 'leave' ORDER BY record_id;

-- keep_unconfirmed --
-- A record that the org does not show as the mirror does was changed since: whether it left is decided by the next run.
DELETE FROM delta leaving
WHERE leaving.run_id = %(run_id)s AND leaving.object = %(object)s AND leaving.action = 'leave'
  AND leaving.record_id = ANY(%(asked)s)
  AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(%(rows)s) seen (id text, texts jsonb)
      JOIN {mirror} mirror ON mirror.id = seen.id COLLATE "C"
      WHERE seen.id = leaving.record_id AND {same});

-- has_unlinked --
-- Whether any contact waits for a record to be matched with.
SELECT 1 FROM contacts WHERE NOT linked AND state = 'active' LIMIT 1;

-- make_pairs --
-- Contacts without a record beside records without a contact; `certain` pairs need no policy.
CREATE TEMP TABLE pairs (
    contact_id  bigint NOT NULL,
    object      text COLLATE "C" NOT NULL,
    record_id   text COLLATE "C" NOT NULL,
    createddate timestamptz,
    sign        smallint NOT NULL,  -- 0: it was this contact's before, 1: our external id, 2: the address
    held        boolean NOT NULL DEFAULT false
) ON COMMIT DROP;

-- find_pairs --
-- A record that was deleted, set free and undeleted; one with our external id; one with the same address.
WITH unlinked AS NOT MATERIALIZED (
    SELECT mirror.id, mirror.createddate, {email} AS email, {external} AS external_key
    FROM {mirror} mirror
    WHERE NOT mirror.isdeleted AND {unconverted} AND {fits}
      AND NOT EXISTS (SELECT 1 FROM links link WHERE link.connection_id = %(connection_id)s
                      AND link.object = %(object)s AND link.record_id = mirror.id AND link.state <> 'dismissed')
      AND NOT EXISTS (SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s AND moving.object = %(object)s
                      AND moving.record_id = mirror.id AND moving.action IN ('convert', 'merge'))
), free AS NOT MATERIALIZED (
    SELECT id, external_key, email FROM contacts WHERE NOT linked AND state = 'active'
)
INSERT INTO pairs (contact_id, object, record_id, createddate, sign)
SELECT DISTINCT ON (found.contact_id, found.id) found.contact_id, %(object)s, found.id, found.createddate, found.sign
FROM (
    SELECT free.id AS contact_id, unlinked.id, unlinked.createddate, 0::smallint AS sign
    FROM link_aliases alias
    JOIN unlinked ON unlinked.id = alias.record_id
    JOIN free ON free.id = alias.contact_id
    WHERE alias.connection_id = %(connection_id)s AND alias.object = %(object)s AND alias.reason = 'unlinked'
    UNION ALL
    SELECT free.id, unlinked.id, unlinked.createddate, 1 FROM unlinked
    JOIN free ON free.external_key = unlinked.external_key
    UNION ALL
    SELECT free.id, unlinked.id, unlinked.createddate, 2 FROM unlinked
    JOIN free ON lower(free.email) = lower(unlinked.email)
) found
ORDER BY found.contact_id, found.id, found.sign;

-- drop_uncertain --
-- Where a sign is certain, an address says nothing more.
DELETE FROM pairs uncertain USING pairs certain
WHERE uncertain.sign = 2 AND certain.sign < 2
  AND (certain.contact_id = uncertain.contact_id
       OR certain.object = uncertain.object AND certain.record_id = uncertain.record_id);

-- hold_ambiguous --
-- Contacts with several records of their first object, and those that share one with other contacts, wait for a person
-- with all their records.
WITH first_object AS (
    SELECT contact_id, min(array_position(%(objects)s::text[], object::text)) AS place
    FROM pairs WHERE sign = 2 GROUP BY contact_id
), counted AS (
    SELECT pairs.contact_id, count(*) OVER (PARTITION BY pairs.contact_id) AS records,
           count(*) OVER (PARTITION BY pairs.object, pairs.record_id) AS contacts
    FROM pairs
    JOIN first_object first ON first.contact_id = pairs.contact_id
        AND first.place = array_position(%(objects)s::text[], pairs.object::text)
    WHERE pairs.sign = 2
), ambiguous AS (
    SELECT DISTINCT contact_id FROM counted WHERE records > 1 OR contacts > 1
)
UPDATE pairs SET held = true FROM ambiguous WHERE ambiguous.contact_id = pairs.contact_id;

-- note_ambiguous --
-- Their records are listed among those that are left out.
INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT DISTINCT %(connection_id)s, object, record_id, 'ambiguous' FROM pairs WHERE held
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason
WHERE left_out.reason <> excluded.reason;

-- reconsider --
-- Records that were ambiguous and are no more have to be decided.
WITH settled AS (
    DELETE FROM left_out
    WHERE connection_id = %(connection_id)s AND reason = 'ambiguous'
      AND NOT EXISTS (SELECT 1 FROM pairs WHERE pairs.held AND pairs.object = left_out.object
                      AND pairs.record_id = left_out.record_id)
    RETURNING object, record_id
)
INSERT INTO touched (connection_id, object, record_id)
SELECT %(connection_id)s, object, record_id FROM settled ON CONFLICT DO NOTHING;

-- match --
-- First matches of one object: certain signs before addresses; among several the policy's first.
WITH open AS (
    SELECT pairs.* FROM pairs
    WHERE pairs.object = %(object)s AND NOT pairs.held
      AND NOT EXISTS (SELECT 1 FROM delta linking WHERE linking.run_id = %(run_id)s
                      AND linking.contact_id = pairs.contact_id AND linking.action = 'link')
),
first_record AS (
    SELECT DISTINCT ON (contact_id) * FROM open ORDER BY contact_id, sign, {first_record}
),
first_contact AS (
    SELECT DISTINCT ON (record_id) * FROM first_record ORDER BY record_id, sign, {first_contact}
)
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY contact_id), %(object)s, record_id, contact_id, 'link', 'link',
       CASE sign WHEN 0 THEN 'alive in Salesforce' WHEN 1 THEN 'same external id' ELSE 'same address' END
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
    WHEN {fits} IS NOT TRUE THEN 'outside_filter'
    WHEN left_out.reason = 'ambiguous' THEN 'ambiguous'
    WHEN {keep} THEN NULL
    WHEN {email} IS NULL THEN 'without_email'
    WHEN {email} NOT LIKE '_%%@_%%._%%' OR {email} LIKE '%%@%%@%%' OR {email} LIKE '%% %%' THEN 'malformed_email'
END AS reason
FROM {mirror} mirror
LEFT JOIN left_out ON left_out.connection_id = %(connection_id)s AND left_out.object = %(object)s
    AND left_out.record_id = mirror.id AND left_out.reason = 'ambiguous'
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
