-- plan_standing --
-- What will be written in Salesforce, since a fact stands for the address: of contacts that wait to show it, and of
-- records of this run that do not show it. Applying the delta shows it here, which queues it.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, field, ours, theirs, outcome, rule)
WITH unshown AS MATERIALIZED (
    SELECT mirror.id, lower({email}) AS address FROM {mirror} mirror
    JOIN suppressions standing ON standing.address = lower({email}) AND standing.{flag}
    WHERE NOT mirror.isdeleted AND NOT {shows} AND {touched}
)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY found.contact_id), %(object)s, found.record_id,
       found.contact_id, 'update', %(field)s, {becomes}, {blank}, 'send', 'stands for the address'
FROM (
    SELECT link.record_id, link.contact_id, lower({email}) AS address
    FROM consent_pending pending
    JOIN links link ON link.contact_id = pending.contact_id AND link.connection_id = %(connection_id)s
        AND link.object = %(object)s AND link.state IN ('live', 'outside')
    JOIN contacts contact ON contact.id = link.contact_id AND contact.state = 'active' AND {lacks}
    JOIN suppressions standing ON standing.address = lower(contact.email) AND standing.{flag}
    JOIN {mirror} mirror ON mirror.id = link.record_id AND NOT mirror.isdeleted AND NOT {shows}
    WHERE NOT EXISTS (
        SELECT 1 FROM delta moving WHERE moving.run_id = %(run_id)s AND moving.seq BETWEEN 0 AND %(fields)s
          AND moving.contact_id = link.contact_id AND moving.outcome = 'rekey')
    UNION
    SELECT mirror.id, coalesce(link.contact_id, created.contact_id), mirror.address
    FROM unshown mirror
    LEFT JOIN links link ON link.connection_id = %(connection_id)s AND link.object = %(object)s
        AND link.record_id = mirror.id AND link.state IN ('live', 'outside')
    LEFT JOIN contacts contact ON contact.id = link.contact_id
    LEFT JOIN delta created ON created.run_id = %(run_id)s AND created.object = %(object)s
        AND created.record_id = mirror.id
        AND (created.action IN ('create', 'link') OR created.outcome = 'rekey')
    WHERE (created.contact_id IS NOT NULL OR contact.state = 'active' AND {lacks})
) found
WHERE NOT EXISTS (
    SELECT 1 FROM delta planned WHERE planned.run_id = %(run_id)s AND planned.seq BETWEEN %(fields)s AND %(creates)s
      AND planned.contact_id = found.contact_id AND planned.field = %(field)s AND planned.outcome = 'send')
  AND NOT EXISTS (
    SELECT 1 FROM delta gone WHERE gone.run_id = %(run_id)s AND gone.seq BETWEEN 0 AND %(fields)s
      AND gone.contact_id = found.contact_id AND (gone.outcome = 'join' OR gone.action = 'delete'));

-- plan_joined --
-- What the contact that stays will have to send, since it keeps the stricter consent, and the score that the mapping
-- asks for, of those that it takes over.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, field, ours, theirs, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY kept.contact_id), %(object)s, kept.record_id, kept.contact_id,
       'update', %(field)s, kept.becomes, kept.theirs, 'send', 'merged'
FROM (
    SELECT joined.into_contact_id AS contact_id, joined.record_id, {becomes} AS becomes, {theirs} AS theirs
    FROM delta joined
    JOIN contacts gone ON gone.id = joined.contact_id
    JOIN contacts contact ON contact.id = joined.into_contact_id
    JOIN {mirror} mirror ON mirror.id = joined.record_id
    WHERE joined.run_id = %(run_id)s AND joined.seq BETWEEN 0 AND %(fields)s AND joined.object = %(object)s
      AND joined.outcome = 'join'
    GROUP BY joined.into_contact_id, joined.record_id
) kept
WHERE kept.becomes IS NOT NULL AND kept.becomes IS DISTINCT FROM kept.theirs
  AND NOT EXISTS (
    SELECT 1 FROM delta planned WHERE planned.run_id = %(run_id)s AND planned.seq >= %(fields)s
      AND planned.contact_id = kept.contact_id AND planned.field = %(field)s AND planned.outcome = 'send');

-- plan_created --
-- Contacts that are to become Leads.
INSERT INTO delta (run_id, seq, object, record_id, contact_id, action, outcome, rule)
SELECT %(run_id)s, %(seq)s + row_number() OVER (ORDER BY outbox.contact_id), %(object)s, '', outbox.contact_id,
       'create_there', 'send', 'added here'
FROM outbox JOIN contacts contact ON contact.id = outbox.contact_id AND contact.state = 'active' AND NOT contact.linked
WHERE outbox.kind = 'create' AND outbox.state = 'waiting'
  AND (outbox.not_before IS NULL OR outbox.not_before <= %(now)s)
  AND NOT EXISTS (
    SELECT 1 FROM delta linking WHERE linking.run_id = %(run_id)s AND linking.seq BETWEEN 0 AND %(fields)s
      AND linking.action = 'link' AND linking.contact_id = outbox.contact_id);
