-- Takes away what bulk_0005.sql makes.
DROP TABLE IF EXISTS mirrored_objects;
DROP TABLE IF EXISTS related_records;
