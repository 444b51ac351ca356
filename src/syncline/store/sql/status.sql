-- contacts --
-- Contacts by state.
SELECT state, count(*) FROM contacts GROUP BY state ORDER BY state;

-- links --
-- Live links of a connection by object.
SELECT object, count(*) FROM links WHERE connection_id = %(connection_id)s AND state = 'live'
GROUP BY object ORDER BY object;

-- left_out --
-- Records without a contact, by object and the rule that leaves them out.
SELECT object, reason, count(*) FROM left_out WHERE connection_id = %(connection_id)s
GROUP BY object, reason ORDER BY object, reason;

-- cursors --
-- How far each object is read, by the org's clock.
SELECT object, read_until FROM cursors WHERE connection_id = %(connection_id)s ORDER BY object;

-- outbox --
-- What waits to be sent. The outbox belongs to contacts; one row goes to whichever connection links its contact.
SELECT lane, outbox.state, count(*) FROM outbox LEFT JOIN links USING (contact_id)
WHERE coalesce(links.connection_id, %(connection_id)s) = %(connection_id)s
GROUP BY lane, outbox.state ORDER BY lane, outbox.state;
