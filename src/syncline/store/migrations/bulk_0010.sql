-- Deleting a contact here never deletes in Salesforce: its record is dismissed, left out with that reason, and not
-- imported again.
CREATE OR REPLACE FUNCTION contacts_dismiss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH dismissed AS (
        UPDATE links SET state = 'dismissed' FROM gone WHERE links.contact_id = gone.id
        RETURNING links.connection_id, links.object, links.record_id
    )
    INSERT INTO left_out (connection_id, object, record_id, reason)
    SELECT connection_id, object, record_id, 'deleted_here' FROM dismissed
    ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;
    DELETE FROM outbox USING gone WHERE outbox.contact_id = gone.id;
    DELETE FROM field_bases USING gone WHERE field_bases.contact_id = gone.id;
    RETURN NULL;
END $$;

INSERT INTO left_out (connection_id, object, record_id, reason)
SELECT connection_id, object, record_id, 'deleted_here' FROM links WHERE state = 'dismissed'
ON CONFLICT (connection_id, object, record_id) DO UPDATE SET reason = excluded.reason;

-- They are few, and asked for by themselves.
CREATE INDEX links_dismissed ON links (connection_id, object, record_id) WHERE state = 'dismissed';
