-- author --
-- Who writes in this transaction, and when: capture notes both.
SELECT set_config('syncline.origin', %(origin)s, true), set_config('syncline.now', %(now)s, true);

-- by_id --
-- The contact of that number.
SELECT id FROM contacts WHERE id = %(id)s;

-- by_address --
-- Living contacts with that address.
SELECT id FROM contacts WHERE lower(email) = lower(%(address)s) AND state = 'active' ORDER BY id;

-- by_record --
-- The contact that a record, or one that it took in, stands for.
SELECT contact_id FROM links WHERE record_id = %(record_id)s
UNION SELECT contact_id FROM link_aliases WHERE record_id = %(record_id)s;

-- insert --
-- A new contact.
INSERT INTO contacts (created_at, updated_at, {columns}) VALUES (%(now)s, %(now)s, {values}) RETURNING id;

-- log_create --
-- Its first line in the change log.
INSERT INTO change_log (at, contact_id, action, new, rule, origin)
VALUES (%(now)s, %(contact_id)s, 'create', %(email)s, 'added here', %(origin)s);

-- queue_create --
-- It is to become a Lead.
INSERT INTO outbox (contact_id, kind, lane, version)
VALUES (%(contact_id)s, 'create', %(lane)s, nextval('outbox_version'));

-- update --
-- New values; capture notes what changed and queues what is sent.
UPDATE contacts SET {assignments}, updated_at = %(now)s WHERE id = %(contact_id)s AND state = 'active';

-- show --
-- One contact with all its columns.
SELECT to_jsonb(contact) FROM contacts contact WHERE id = %(contact_id)s;

-- links --
-- The records it is linked to.
SELECT connection_id, object, record_id, state FROM links WHERE contact_id = %(contact_id)s ORDER BY object, record_id;

-- aliases --
-- The records it was known by before.
SELECT object, record_id, reason FROM link_aliases WHERE contact_id = %(contact_id)s ORDER BY noted_at, record_id;

-- waiting --
-- What waits to be sent.
SELECT kind, state, fields, attempts, reason FROM outbox WHERE contact_id = %(contact_id)s;

-- history --
-- The newest changes.
SELECT at, action, field, old, new, rule, origin FROM change_log
WHERE contact_id = %(contact_id)s ORDER BY id DESC LIMIT %(rows)s;

-- address --
-- The address of a contact.
SELECT email FROM contacts WHERE id = %(contact_id)s;
