-- people --
-- Linked people with an address of their own and an owner who is a user, in an order that is mixed and always the same.
SELECT links.record_id, links.contact_id, {account} AS account_id, mirror.ownerid
FROM links
JOIN contacts contact ON contact.id = links.contact_id
JOIN {mirror} mirror ON mirror.id = links.record_id
WHERE links.connection_id = %(connection_id)s AND links.object = %(object)s AND links.state = 'live'
  AND contact.state = 'active' AND mirror.ownerid LIKE '005%%' AND {wanted}
  AND contact.email ~ '^[a-z0-9][a-z0-9._-]*@[a-z0-9-]+([.][a-z0-9-]+)*[.][a-z]{{2,}}$'
  AND NOT EXISTS (
      SELECT FROM contacts other WHERE lower(other.email) = lower(contact.email) AND other.id <> contact.id)
ORDER BY md5(links.record_id) LIMIT %(limit)s;

-- raise_scores --
-- New scores for a share of the linked people, by one statement as a program would do it; gives how many.
WITH chosen AS (
    SELECT contact.id FROM contacts contact
    JOIN links ON links.contact_id = contact.id AND links.state = 'live' AND links.connection_id = %(connection_id)s
    WHERE contact.state = 'active' AND contact.id <> ALL (%(taken)s)
    ORDER BY md5(contact.id::text) LIMIT %(limit)s
)
UPDATE contacts SET score = coalesce(score, 0) %% 900 + 10, updated_at = %(now)s
FROM chosen WHERE contacts.id = chosen.id;

-- count_contacts --
-- Contacts that stand for somebody.
SELECT count(*) FROM contacts WHERE state = 'active';
