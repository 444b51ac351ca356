-- People without a usable address may be contacts: what is no address is never mailed.
CREATE OR REPLACE VIEW mailable_contacts AS
SELECT contacts.id, contacts.email FROM contacts
WHERE contacts.state = 'active' AND contacts.email LIKE '_%@_%._%' AND contacts.email NOT LIKE '%@%@%'
  AND contacts.email NOT LIKE '% %'
  AND NOT EXISTS (SELECT FROM suppressions standing WHERE standing.address = lower(contacts.email)
                  AND (standing.opted_out OR standing.bounced OR standing.complained));
