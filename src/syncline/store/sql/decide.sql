-- decision --
-- The three-way decision of domain.decision as one expression over a row v of "alone" or "together". A property test
-- holds the two equal.
SELECT
    CASE s.situation
        WHEN 'same' THEN 'nothing'
        WHEN 'agreed' THEN 'agreed'
        WHEN 'ours blank' THEN CASE WHEN s.pulls THEN 'take' ELSE 'divergent' END
        WHEN 'theirs changed' THEN CASE WHEN s.pulls THEN 'take' ELSE s.sent END
        WHEN 'conflict' THEN CASE
            WHEN NOT s.pulls THEN s.sent
            WHEN v.policy = 'hold' THEN 'hold'
            WHEN s.ours_win THEN s.sent
            ELSE 'take' END
        ELSE s.sent
    END AS outcome,
    CASE
        WHEN s.situation IN ('same', 'agreed') THEN s.situation
        WHEN s.situation = 'box cleared' THEN 'stricter wins'
        WHEN s.situation = 'ours blank' AND NOT s.pulls THEN 'blanks are not sent'
        WHEN s.situation = 'ours blank' THEN 'filled beats blank'
        WHEN s.situation = 'theirs changed' AND s.pulls THEN 'changed in Salesforce'
        WHEN s.situation = 'conflict' AND s.pulls AND v.policy = 'hold' THEN 'hold'
        WHEN s.situation = 'conflict' AND s.pulls AND NOT s.ours_win THEN s.policy_rule
        WHEN s.sent = 'divergent' THEN s.why_not_sent
        WHEN s.situation = 'theirs blank' THEN 'filled beats blank'
        WHEN s.situation = 'ours changed' THEN 'changed here'
        WHEN s.situation = 'conflict' AND s.pulls THEN s.policy_rule
        ELSE 'marketing owns this field'
    END AS rule,
    s.situation = 'conflict' AS conflict
FROM (
    SELECT
        v.direction IN ('pull', 'both') AS pulls,
        CASE WHEN w.why_not_sent IS NULL THEN 'send' ELSE 'divergent' END AS sent,
        w.why_not_sent,
        CASE v.policy
            WHEN 'marketing' THEN true
            WHEN 'filled' THEN v.theirs_blank
            WHEN 'stricter' THEN CASE
                WHEN v.type = 'boolean' THEN coalesce(v.ours = 'true', false)
                WHEN v.ours IS NULL OR v.theirs IS NULL THEN v.theirs IS NULL
                WHEN v.type IN ('number', 'score') THEN
                    CASE v.stricter WHEN 'higher' THEN v.ours::numeric > v.theirs::numeric
                                    ELSE v.ours::numeric <= v.theirs::numeric END
                ELSE false END
            ELSE false
        END AS ours_win,
        CASE
            WHEN v.policy = 'marketing' THEN 'marketing wins'
            WHEN v.policy = 'stricter' THEN 'stricter wins'
            WHEN v.policy = 'newest' THEN 'newest: times unknown, Salesforce wins'
            WHEN v.policy = 'filled' AND (v.ours_blank OR v.theirs_blank) THEN 'filled beats blank'
            ELSE 'Salesforce wins'
        END AS policy_rule,
        CASE
            WHEN v.ours IS NOT DISTINCT FROM v.theirs THEN
                CASE WHEN v.known AND v.base IS NOT DISTINCT FROM v.ours THEN 'same' ELSE 'agreed' END
            WHEN NOT v.all_known THEN CASE
                WHEN v.ours_blank THEN 'ours blank'
                WHEN v.theirs_blank AND v.direction IN ('push', 'both') THEN 'theirs blank'
                ELSE 'conflict' END
            WHEN v.ours_unmoved THEN
                CASE WHEN v.policy = 'stricter' AND v.type = 'boolean' AND v.ours = 'true'
                    THEN 'box cleared' ELSE 'theirs changed' END
            WHEN v.theirs_unmoved THEN 'ours changed'
            ELSE 'conflict'
        END AS situation
    FROM (
        SELECT CASE
            WHEN v.direction NOT IN ('push', 'both') THEN 'direction'
            WHEN v.ours_blank AND v.blank = 'keep' THEN 'blanks are not sent'
            WHEN v.guard = 'never' THEN 'push guard'
            WHEN v.guard = 'if_blank'
                AND NOT (v.theirs_blank OR coalesce(v.type = 'boolean' AND v.theirs = 'false', false)) THEN 'push guard'
        END AS why_not_sent
    ) w
) s;

-- alone --
-- Rows v of fields that move alone: (base, known, ours, theirs, type, direction, policy, blank, guard, stricter) with
-- what "together" says of a group.
SELECT one.*, one.known AS all_known, one.base IS NOT DISTINCT FROM one.ours AS ours_unmoved,
       one.base IS NOT DISTINCT FROM one.theirs AS theirs_unmoved,
       one.ours IS NULL AS ours_blank, one.theirs IS NULL AS theirs_blank
FROM ({rows}) one;

-- together --
-- The same where fields move in groups: what the fields of a group say together, a field without group by itself.
SELECT one.*,
       bool_and(one.ours IS NOT DISTINCT FROM one.theirs OR one.known) OVER one_group AS all_known,
       bool_and(one.ours IS NOT DISTINCT FROM one.theirs OR one.base IS NOT DISTINCT FROM one.ours) OVER one_group
           AS ours_unmoved,
       bool_and(one.ours IS NOT DISTINCT FROM one.theirs OR one.base IS NOT DISTINCT FROM one.theirs) OVER one_group
           AS theirs_unmoved,
       bool_and(one.ours IS NULL) OVER one_group AS ours_blank,
       bool_and(one.theirs IS NULL) OVER one_group AS theirs_blank
FROM ({rows}) one
WINDOW one_group AS (PARTITION BY one.contact_id, coalesce('=' || one.move_with, one.field));

-- without_statistics --
-- Tables of some size, of these, that were never analyzed, as SQL names them. A thousand rows, joined as if they were
-- one, cost seconds for each page that is sent; below that a wrong guess costs less than analyzing.
SELECT relation.oid::regclass::text FROM pg_class relation
WHERE relation.oid = ANY(%(tables)s::regclass[]) AND pg_relation_size(relation.oid) > 100000
  AND NOT EXISTS (
      SELECT 1 FROM pg_stats known
      WHERE known.schemaname = relation.relnamespace::regnamespace::text AND known.tablename = relation.relname);

-- make_candidates --
-- The fields of linked contacts that this run has to decide.
CREATE TEMP TABLE candidates (
    contact_id  bigint NOT NULL,
    object      text COLLATE "C" NOT NULL,
    record_id   text COLLATE "C" NOT NULL,
    field       text NOT NULL,
    base        text,
    known       boolean NOT NULL,
    base_is_theirs boolean NOT NULL
) ON COMMIT DROP;

-- takes_part --
-- Which fields of which links are decided where an object has a filter.
(link.state = 'live' AND ({field} = ANY({urgent}::text[]) OR NOT EXISTS (
     SELECT 1 FROM delta gone WHERE gone.run_id = {run_id} AND gone.contact_id = link.contact_id
       AND gone.action = 'leave'))
 OR link.state = 'outside' AND ({field} = ANY({urgent}::text[]) OR EXISTS (
     SELECT 1 FROM delta back WHERE back.run_id = {run_id} AND back.contact_id = link.contact_id
       AND back.action = 'return')));

-- waiting_bases --
-- Fields whose agreed value is no longer what the mirror shows.
INSERT INTO candidates
SELECT link.contact_id, link.object, link.record_id, waiting.field, waiting.base, waiting.known, false
FROM field_bases waiting
JOIN links link ON link.contact_id = waiting.contact_id AND {takes_part}
WHERE waiting.connection_id = %(connection_id)s AND link.connection_id = %(connection_id)s
  AND NOT EXISTS (
      SELECT 1 FROM delta moving
      WHERE moving.run_id = %(run_id)s AND moving.contact_id = link.contact_id AND moving.action IN ('convert', 'merge')
  );

-- waiting_edits --
-- Fields that were edited here: their agreed value is what the mirror shows.
INSERT INTO candidates
SELECT link.contact_id, link.object, link.record_id, edited.field, NULL, true, true
FROM outbox
JOIN links link ON link.contact_id = outbox.contact_id
CROSS JOIN LATERAL jsonb_object_keys(outbox.fields) edited (field)
WHERE {takes_part} AND outbox.state = 'waiting' AND outbox.kind = 'change' AND link.connection_id = %(connection_id)s
  AND NOT EXISTS (
      SELECT 1 FROM field_bases waiting
      WHERE waiting.connection_id = %(connection_id)s AND waiting.contact_id = link.contact_id
        AND waiting.field = edited.field)
  AND NOT EXISTS (
      SELECT 1 FROM delta moving
      WHERE moving.run_id = %(run_id)s AND moving.contact_id = link.contact_id AND moving.action IN ('convert', 'merge')
  );

-- rekeyed_bases --
-- A contact that now stands for another record: what it agreed on with the old one meets the values of the new one.
INSERT INTO candidates
SELECT moving.contact_id, moving.object, moving.record_id, value.field,
       CASE WHEN waiting.field IS NULL THEN value.base ELSE waiting.base END,
       CASE WHEN waiting.field IS NULL THEN value.known ELSE waiting.known END,
       false
FROM delta moving
JOIN {from_mirror} from_mirror ON from_mirror.id = moving.from_id
CROSS JOIN LATERAL (VALUES {values}) value (field, base, known)
LEFT JOIN field_bases waiting ON waiting.connection_id = %(connection_id)s
    AND waiting.contact_id = moving.contact_id AND waiting.field = value.field
WHERE moving.run_id = %(run_id)s AND moving.action IN ('convert', 'merge') AND moving.into_contact_id IS NULL
  AND moving.from_object = %(from_object)s AND moving.object = %(object)s;

-- first_meetings --
-- A contact and a record that are linked in this run never agreed on anything yet.
INSERT INTO candidates
SELECT linking.contact_id, linking.object, linking.record_id, field.name, NULL, false, false
FROM delta linking CROSS JOIN unnest(%(fields)s::text[]) field (name)
WHERE linking.run_id = %(run_id)s AND linking.action = 'link' AND linking.object = %(object)s;

-- returns --
-- A record that comes back into its filter: what was edited here meanwhile meets what the mirror shows, and what moved
-- there meanwhile has its agreed value kept.
INSERT INTO candidates
SELECT back.contact_id, back.object, back.record_id, field.name, NULL, true, true
FROM delta back CROSS JOIN unnest(%(fields)s::text[]) field (name)
WHERE back.run_id = %(run_id)s AND back.action = 'return' AND back.object = %(object)s
  AND NOT EXISTS (SELECT 1 FROM candidates known WHERE known.contact_id = back.contact_id AND known.field = field.name);

-- meet_outside --
-- A field that is mapped anew while a record is outside of its filter is met when it comes back.
INSERT INTO field_bases (connection_id, contact_id, field, base, known)
SELECT link.connection_id, link.contact_id, %(field)s, NULL, false FROM links link
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'outside'
ON CONFLICT (connection_id, contact_id, field) DO UPDATE SET base = NULL, known = false;

-- new_sources --
-- A field that is mapped anew, or from another source: every linked contact meets it for the first time.
INSERT INTO candidates
SELECT link.contact_id, link.object, link.record_id, %(field)s, NULL, false, false
FROM links link
JOIN contacts contact ON contact.id = link.contact_id
JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'live'
  AND {ours} IS DISTINCT FROM {theirs}
  AND NOT EXISTS (
      SELECT 1 FROM candidates candidate WHERE candidate.contact_id = link.contact_id AND candidate.field = %(field)s);

-- moved_by_time --
-- An expression that reads the clock: what was agreed on is its value at the last decision.
INSERT INTO candidates
SELECT link.contact_id, link.object, link.record_id, %(field)s, {before}, true, false
FROM links link
JOIN {mirror} mirror ON mirror.id = link.record_id
WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.state = 'live'
  AND {before} IS DISTINCT FROM {now}
  AND NOT EXISTS (
      SELECT 1 FROM candidates candidate WHERE candidate.contact_id = link.contact_id AND candidate.field = %(field)s);

-- add_groups --
-- Where a field of a group is decided, all of them are; those that nobody moved agree on what the mirror shows.
INSERT INTO candidates
SELECT DISTINCT moved.contact_id, moved.object, moved.record_id, other.field, NULL, true, true
FROM candidates moved
JOIN (VALUES {members}) mine (field, move_with) ON mine.field = moved.field
JOIN (VALUES {members}) other (field, move_with) ON other.move_with = mine.move_with
WHERE moved.object = %(object)s
  AND NOT EXISTS (
      SELECT 1 FROM candidates known WHERE known.contact_id = moved.contact_id AND known.field = other.field);

-- candidate_rows --
-- The candidates of one object with both sides' values and the rules of their fields.
SELECT raw.contact_id, raw.record_id, raw.field,
       CASE WHEN raw.base_is_theirs THEN raw.theirs ELSE raw.base END AS base,
       raw.known, raw.ours, raw.theirs, rules.type, rules.direction, rules.policy, rules.blank, rules.guard,
       rules.stricter, rules.move_with
FROM (
    SELECT candidate.*,
           CASE candidate.field {ours} END AS ours,
           CASE candidate.field {theirs} END AS theirs
    FROM candidates candidate
    JOIN contacts contact ON contact.id = candidate.contact_id
    JOIN {mirror} mirror ON mirror.id = candidate.record_id
    WHERE candidate.object = %(object)s AND NOT mirror.isdeleted
) raw
JOIN (VALUES {rules}) rules (field, type, direction, policy, blank, guard, stricter, move_with)
    ON rules.field = raw.field;

-- decide --
-- Decides every candidate of one object: rows of the delta, and bases that turned out to need nothing are dropped.
WITH decided AS (
    SELECT v.contact_id, v.record_id, v.field, v.base, v.known, v.ours, v.theirs, d.outcome, d.rule, d.conflict
    FROM ({rows}) v
    CROSS JOIN LATERAL ({decision}) d
), settled AS (
    DELETE FROM field_bases waiting USING decided
    WHERE decided.outcome = 'nothing' AND waiting.connection_id = %(connection_id)s
      AND waiting.contact_id = decided.contact_id AND waiting.field = decided.field
)
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, field, base, base_known, ours, theirs,
                   outcome, rule, conflict)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY contact_id, field), %(object)s, record_id, contact_id,
       'update', field, base, known, ours, theirs, outcome, rule, conflict
FROM decided WHERE outcome <> 'nothing';
