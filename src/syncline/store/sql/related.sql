-- carry --
-- What belonged to a contact that another took over in this batch belongs to that one.
WITH gone AS (
    DELETE FROM related_records related USING delta
    WHERE delta.run_id = %(run_id)s AND delta.seq > %(after)s AND delta.seq <= %(last)s
      AND delta.action IN ('convert', 'merge') AND delta.outcome = 'join'
      AND related.connection_id = %(connection_id)s AND related.contact_id = delta.contact_id
    RETURNING delta.into_contact_id, related.object, related.record_id, related.reason, related.lead_id,
              related.noted_at
)
INSERT INTO related_records (connection_id, contact_id, object, record_id, reason, lead_id, noted_at)
SELECT %(connection_id)s, * FROM gone ON CONFLICT DO NOTHING;

-- relate_converted --
-- The Account and the Opportunity that a conversion made or chose belong to the contact that the Lead became.
INSERT INTO related_records (connection_id, contact_id, object, record_id, reason, lead_id, noted_at)
SELECT %(connection_id)s, link.contact_id, value.object, value.record_id, 'converted', mirror.id, %(now)s
FROM {mirror} mirror
JOIN links link ON link.connection_id = %(connection_id)s AND link.object = 'Contact'
    AND link.record_id = mirror.convertedcontactid AND link.state <> 'dismissed'
CROSS JOIN LATERAL (VALUES {values}) value (object, record_id)
WHERE mirror.isconverted AND mirror.convertedcontactid IS NOT NULL AND value.record_id IS NOT NULL AND {touched}
ON CONFLICT DO NOTHING;
