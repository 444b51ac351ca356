-- forget_outbox --
-- Forgetting a connection: nothing waits for it any more.
DELETE FROM outbox USING links
WHERE outbox.contact_id = links.contact_id AND links.connection_id = %(connection_id)s;

-- forget_linked --
-- Forgetting a connection: no record stands behind its contacts any more.
UPDATE contacts SET linked = false FROM links
WHERE contacts.id = links.contact_id AND links.connection_id = %(connection_id)s;

-- forget_links --
-- Forgetting a connection: who is who.
DELETE FROM links WHERE connection_id = %(connection_id)s;

-- forget_aliases --
-- Forgetting a connection: former ids.
DELETE FROM link_aliases WHERE connection_id = %(connection_id)s;

-- forget_left_out --
-- Forgetting a connection: what was left out.
DELETE FROM left_out WHERE connection_id = %(connection_id)s;

-- forget_bases --
-- Forgetting a connection: agreed values.
DELETE FROM field_bases WHERE connection_id = %(connection_id)s;

-- forget_intents --
-- Forgetting a connection: creates under way.
DELETE FROM create_intents WHERE connection_id = %(connection_id)s;

-- forget_cursors --
-- Forgetting a connection: how far was read.
DELETE FROM cursors WHERE connection_id = %(connection_id)s;

-- forget_reads --
-- Forgetting a connection: reads under way.
DELETE FROM reads WHERE connection_id = %(connection_id)s;

-- forget_positions --
-- Forgetting a connection: positions inside reads.
DELETE FROM read_positions WHERE connection_id = %(connection_id)s;

-- forget_touched --
-- Forgetting a connection: what waits to be decided.
DELETE FROM touched WHERE connection_id = %(connection_id)s;

-- forget_own_writes --
-- Forgetting a connection: recent writes of ours.
DELETE FROM own_writes WHERE connection_id = %(connection_id)s;

-- forget_describes --
-- Forgetting a connection: what the org showed.
DELETE FROM describes WHERE connection_id = %(connection_id)s;

-- forget_objects --
-- Forgetting a connection: which objects are mirrored.
DELETE FROM mirrored_objects WHERE connection_id = %(connection_id)s;

-- forget_related --
-- Forgetting a connection: records that belonged to contacts.
DELETE FROM related_records WHERE connection_id = %(connection_id)s;

-- forget_sweeps --
-- Forgetting a connection: when objects were swept.
DELETE FROM sweeps WHERE connection_id = %(connection_id)s;

-- forget_plans --
-- Forgetting a connection: its plans.
DELETE FROM plans WHERE connection_id = %(connection_id)s;

-- forget_aside --
-- Forgetting a connection: what waited while a plan was applied.
DELETE FROM outbox_aside WHERE connection_id = %(connection_id)s;

-- forget_brakes --
-- Forgetting a connection: its brakes.
DELETE FROM brakes WHERE connection_id = %(connection_id)s;

-- forget_budget --
-- Forgetting a connection: what it may use.
DELETE FROM budgets WHERE connection_id = %(connection_id)s;

-- forget_calls --
-- Forgetting a connection: what it used.
DELETE FROM call_days WHERE connection_id = %(connection_id)s;

-- forget_schedule --
-- Forgetting a connection: when it is looked at.
DELETE FROM schedules WHERE connection_id = %(connection_id)s;

-- forget_write_rows --
-- Forgetting a connection: rows of Bulk jobs under way.
DELETE FROM bulk_write_rows USING bulk_writes
WHERE bulk_write_rows.write_id = bulk_writes.id AND bulk_writes.connection_id = %(connection_id)s;

-- forget_writes --
-- Forgetting a connection: Bulk jobs under way.
DELETE FROM bulk_writes WHERE connection_id = %(connection_id)s;

-- forget_refused --
-- Forgetting a connection: what Salesforce refused.
DELETE FROM refused WHERE connection_id = %(connection_id)s;

-- forget_configuration --
-- Forgetting a connection: its row with mappings, runs and issues, children first.
WITH gone_objects AS (
    DELETE FROM mapped_objects USING mappings
    WHERE mapped_objects.mapping_id = mappings.id AND mappings.connection_id = %(connection_id)s
), gone_fields AS (
    DELETE FROM mapped_fields USING mappings
    WHERE mapped_fields.mapping_id = mappings.id AND mappings.connection_id = %(connection_id)s
), gone_mappings AS (
    DELETE FROM mappings WHERE connection_id = %(connection_id)s
), gone_issues AS (
    DELETE FROM issues WHERE connection_id = %(connection_id)s
), gone_runs AS (
    DELETE FROM runs WHERE connection_id = %(connection_id)s
)
DELETE FROM connections WHERE id = %(connection_id)s;
