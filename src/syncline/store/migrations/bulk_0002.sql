-- Consent by address: the ledger, what stands for each address, and the contacts that wait to show it.
-- Addresses are in lower case.

-- Every fact about an address, never changed and never deleted: it outlives contacts and records.
CREATE TABLE consent_facts (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address       text NOT NULL,
    kind          text NOT NULL,   -- opt_out, opt_in, hard_bounce, bounce_cleared, complaint
    at            timestamptz NOT NULL,
    source        text NOT NULL,   -- salesforce, or who wrote the contact, or the command
    evidence      text NOT NULL DEFAULT '',
    connection_id bigint,
    record_id     text COLLATE "C"
);
CREATE INDEX consent_facts_address ON consent_facts (address, id);

-- What stands for an address: kept by the trigger below. An address without a row may be mailed.
CREATE TABLE suppressions (
    address    text PRIMARY KEY,
    opted_out  boolean NOT NULL,
    bounced    boolean NOT NULL,
    complained boolean NOT NULL
);

-- Contacts that may not show yet what stands for their address.
CREATE TABLE consent_pending (contact_id bigint PRIMARY KEY);

CREATE FUNCTION consent_facts_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO suppressions AS standing (address, opted_out, bounced, complained)
    SELECT added.address,
           coalesce(choice.kind = 'opt_out', false),
           coalesce(delivery.kind = 'hard_bounce', false),
           -- A person who opts in again after complaining has settled it.
           EXISTS (SELECT FROM consent_facts fact WHERE fact.address = added.address AND fact.kind = 'complaint'
                   AND fact.id > coalesce(welcome.id, 0))
    FROM (SELECT DISTINCT address FROM added) added
    LEFT JOIN LATERAL (SELECT kind FROM consent_facts fact WHERE fact.address = added.address
                       AND fact.kind IN ('opt_out', 'opt_in') ORDER BY id DESC LIMIT 1) choice ON true
    LEFT JOIN LATERAL (SELECT id FROM consent_facts fact WHERE fact.address = added.address
                       AND fact.kind = 'opt_in' ORDER BY id DESC LIMIT 1) welcome ON true
    LEFT JOIN LATERAL (SELECT kind FROM consent_facts fact WHERE fact.address = added.address
                       AND fact.kind IN ('hard_bounce', 'bounce_cleared') ORDER BY id DESC LIMIT 1) delivery ON true
    ON CONFLICT (address) DO UPDATE
    SET opted_out = excluded.opted_out, bounced = excluded.bounced, complained = excluded.complained;
    INSERT INTO consent_pending (contact_id)
    SELECT contacts.id FROM contacts JOIN (SELECT DISTINCT address FROM added) added
      ON lower(contacts.email) = added.address
    WHERE contacts.state = 'active' ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER consent_facts_stand AFTER INSERT ON consent_facts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION consent_facts_stand();

-- Facts stay as they were written.
CREATE FUNCTION consent_facts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts about consent are never changed'
        USING HINT = 'Add the newer fact: syncline consent opt-in, or clear-bounce.';
END $$;
CREATE TRIGGER consent_facts_refuse_change BEFORE UPDATE OR DELETE ON consent_facts
    FOR EACH STATEMENT EXECUTE FUNCTION consent_facts_refuse_change();

-- Whoever may be mailed; nothing else may be asked before something is sent.
CREATE VIEW mailable_contacts AS
SELECT contacts.id, contacts.email FROM contacts
WHERE contacts.state = 'active' AND contacts.email IS NOT NULL
  AND NOT EXISTS (SELECT FROM suppressions standing WHERE standing.address = lower(contacts.email)
                  AND (standing.opted_out OR standing.bounced OR standing.complained));
