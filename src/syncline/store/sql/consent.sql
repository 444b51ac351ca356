-- note_read --
-- What records show is read as a state, also of records that have no contact; an opt-in of ours that waits to be sent
-- is not taken for an opt-out.
INSERT INTO consent_facts (address, kind, at, source, connection_id, record_id)
SELECT DISTINCT ON (shown.address) shown.address, %(kind)s, %(now)s, 'salesforce', %(connection_id)s, shown.id
FROM (
    SELECT lower({email}) AS address, mirror.id FROM {mirror} mirror
    WHERE {shows} AND {email} IS NOT NULL AND {touched}
) shown
LEFT JOIN suppressions standing ON standing.address = shown.address
WHERE NOT coalesce(standing.{flag}, false)
  AND NOT EXISTS (
      SELECT 1 FROM links link JOIN outbox ON outbox.contact_id = link.contact_id AND outbox.fields ? %(field)s
      WHERE link.connection_id = %(connection_id)s AND link.object = %(object)s AND link.record_id = shown.id);

-- pend_linked --
-- Contacts whose record this run decides about and does not show what stands for their address wait to show it; such
-- records are few, so they are found first.
WITH unshown AS MATERIALIZED (
    SELECT mirror.id FROM {mirror} mirror
    JOIN suppressions standing ON standing.address = lower({email}) AND standing.{flag}
    WHERE NOT mirror.isdeleted AND NOT {shows} AND {touched}
)
INSERT INTO consent_pending (contact_id)
SELECT (SELECT links.contact_id FROM links WHERE links.connection_id = %(connection_id)s
        AND links.object = %(object)s AND links.record_id = unshown.id)
FROM unshown
WHERE EXISTS (SELECT 1 FROM links WHERE links.connection_id = %(connection_id)s AND links.object = %(object)s
              AND links.record_id = unshown.id OFFSET 0)
ON CONFLICT DO NOTHING;

-- pend_unlinked --
-- Contacts that were added here and do not show what stands for their address wait to.
INSERT INTO consent_pending (contact_id)
SELECT contact.id FROM contacts contact
JOIN suppressions standing ON standing.address = lower(contact.email) AND standing.{flag}
WHERE NOT contact.linked AND contact.state = 'active' AND {lacks} ON CONFLICT DO NOTHING;

-- has_standing --
-- Whether anything stands for any address.
SELECT 1 FROM suppressions WHERE opted_out OR bounced LIMIT 1;

-- has_pending --
-- Whether any contact waits to show what stands.
SELECT 1 FROM consent_pending LIMIT 1;

-- author --
-- What follows is told as the doing of consent; capture queues it for Salesforce.
SELECT set_config('syncline.origin', %(origin)s, true), set_config('syncline.now', %(moment)s, true),
       set_config('syncline.run', %(run_id)s, true), set_config('syncline.rule', %(rule)s, true);

-- show --
-- Contacts show what stands for their address, and wait no more; capture logs it and queues it for every record. In one
-- statement, since others add to those who wait at any moment.
WITH taken AS (
    DELETE FROM consent_pending {chosen} RETURNING contact_id
)
UPDATE contacts contact SET {assignments}, updated_at = %(now)s
FROM taken, suppressions standing
WHERE contact.id = taken.contact_id AND standing.address = lower(contact.email) AND contact.state = 'active'
  AND ({unshown});

-- free --
-- Contacts that nobody else changes at this moment: who shows them so never waits, and lets nobody wait for long.
WHERE contact_id IN (SELECT pending.contact_id FROM consent_pending pending
                     JOIN contacts contact ON contact.id = pending.contact_id
                     ORDER BY pending.contact_id LIMIT %(at_most)s FOR UPDATE OF contact SKIP LOCKED);

-- told_at --
-- When the bounce that stands was told.
(SELECT fact.at FROM consent_facts fact WHERE fact.address = {address} AND fact.kind = 'hard_bounce'
 ORDER BY fact.id DESC LIMIT 1);

-- told_why --
-- In whose words, as far as Salesforce's field takes them.
coalesce((SELECT left(fact.evidence, 255) FROM consent_facts fact
          WHERE fact.address = {address} AND fact.kind = 'hard_bounce' AND fact.evidence <> ''
          ORDER BY fact.id DESC LIMIT 1), 'hard bounce');

-- add_fact --
-- A fact that a person tells.
INSERT INTO consent_facts (address, kind, at, source, evidence)
VALUES (lower(%(address)s), %(kind)s, %(now)s, %(source)s, %(evidence)s);

-- standing --
-- What stands for an address.
SELECT opted_out, bounced, complained FROM suppressions WHERE address = lower(%(address)s);

-- facts --
-- Its facts, the newest first.
SELECT kind, at, source, evidence, record_id FROM consent_facts WHERE address = lower(%(address)s) ORDER BY id DESC;

-- ticked_there --
-- Records of an address whose box somebody ticked in Salesforce, not we.
SELECT link.object, link.record_id FROM contacts contact
JOIN links link ON link.contact_id = contact.id AND link.connection_id = %(connection_id)s
    AND link.object = %(object)s AND link.state IN ('live', 'outside')
JOIN {mirror} mirror ON mirror.id = link.record_id AND {shows}
WHERE lower(contact.email) = lower(%(address)s) AND contact.state = 'active'
  AND coalesce((SELECT log.action <> 'sent' OR log.new <> 'true' FROM change_log log
                WHERE log.contact_id = contact.id AND log.field = %(field)s AND log.action IN ('sent', 'update')
                  AND (log.action = 'sent' OR log.origin = 'salesforce')
                ORDER BY log.id DESC LIMIT 1), true);

-- shown_there --
-- Records of an address that show the fact, as the mirror saw them last.
SELECT link.object, link.record_id FROM contacts contact
JOIN links link ON link.contact_id = contact.id AND link.connection_id = %(connection_id)s
    AND link.object = %(object)s AND link.state IN ('live', 'outside')
JOIN {mirror} mirror ON mirror.id = link.record_id AND {shows}
WHERE lower(contact.email) = lower(%(address)s) AND contact.state = 'active';

-- clear --
-- What contacts of an address show of a fact is cleared here; capture queues it where the mapping sends it.
UPDATE contacts SET {assignments}, updated_at = %(now)s
WHERE lower(email) = lower(%(address)s) AND state = 'active' AND ({shown});

-- cleared_there --
-- Boxes that somebody cleared in Salesforce for an address that stays opted out, with who changed the record last.
SELECT delta.object, delta.record_id, delta.contact_id, delta.field, mirror.lastmodifiedbyid
FROM delta JOIN {mirror} mirror ON mirror.id = delta.record_id
WHERE delta.run_id = %(run_id)s AND delta.seq BETWEEN 0 AND %(creates)s AND delta.object = %(object)s
  AND delta.action = 'update' AND delta.field = %(field)s AND delta.outcome = 'send' AND delta.theirs = 'false'
  AND delta.base = 'true';

-- mailable --
-- How many contacts may be mailed, and how many of the living may not.
SELECT (SELECT count(*) FROM mailable_contacts), (SELECT count(*) FROM contacts WHERE state = 'active');
