-- Takes away what Procrastinate's steps made: everything of its name.
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT relname FROM pg_class WHERE relname LIKE 'procrastinate\_%' AND relkind = 'r'
                 AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', found.relname);
    END LOOP;
    FOR found IN SELECT oid::regprocedure AS signature FROM pg_proc WHERE proname LIKE 'procrastinate\_%'
                 AND pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', found.signature);
    END LOOP;
    FOR found IN SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate\_%'
                 AND typnamespace = 'public'::regnamespace AND typtype IN ('e', 'c') LOOP
        EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', found.typname);
    END LOOP;
END $$;
