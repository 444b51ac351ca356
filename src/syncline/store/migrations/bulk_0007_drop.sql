-- Takes away what bulk_0007.sql makes.
DROP TABLE IF EXISTS sweeps;
