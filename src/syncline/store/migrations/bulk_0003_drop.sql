-- Takes away what bulk_0003.sql makes.
DROP TABLE IF EXISTS budgets;
DROP TABLE IF EXISTS call_days;
