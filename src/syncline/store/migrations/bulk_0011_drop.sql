CREATE OR REPLACE VIEW mailable_contacts AS
SELECT contacts.id, contacts.email FROM contacts
WHERE contacts.state = 'active' AND contacts.email IS NOT NULL
  AND NOT EXISTS (SELECT FROM suppressions standing WHERE standing.address = lower(contacts.email)
                  AND (standing.opted_out OR standing.bounced OR standing.complained));
