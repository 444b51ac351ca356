-- Takes away what bulk_0008.sql makes.
DROP TABLE IF EXISTS bulk_writes;
DROP TABLE IF EXISTS bulk_write_rows;
DROP TABLE IF EXISTS refused;
