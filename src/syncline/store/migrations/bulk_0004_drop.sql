-- Takes away what bulk_0004.sql makes.
DROP TABLE IF EXISTS describes;
