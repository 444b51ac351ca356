-- Takes away what bulk_0002.sql makes.
DROP VIEW IF EXISTS mailable_contacts;
DROP TABLE IF EXISTS consent_pending;
DROP TABLE IF EXISTS suppressions;
DROP TABLE IF EXISTS consent_facts;
DROP FUNCTION IF EXISTS consent_facts_stand();
DROP FUNCTION IF EXISTS consent_facts_refuse_change();
