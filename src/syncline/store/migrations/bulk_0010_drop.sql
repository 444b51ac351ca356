DROP INDEX IF EXISTS links_dismissed;
DELETE FROM left_out WHERE reason = 'deleted_here';
CREATE OR REPLACE FUNCTION contacts_dismiss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE links SET state = 'dismissed' FROM gone WHERE links.contact_id = gone.id;
    DELETE FROM outbox USING gone WHERE outbox.contact_id = gone.id;
    DELETE FROM field_bases USING gone WHERE field_bases.contact_id = gone.id;
    RETURN NULL;
END $$;
