-- schema --
-- Where the functions of formulas live; its comment says which version of them.
CREATE SCHEMA IF NOT EXISTS syncline_formula;

-- version --
-- Which version of the functions is there.
SELECT obj_description(to_regnamespace('syncline_formula'), 'pg_namespace');

-- lock --
-- Two processes must not make the functions at once.
SELECT pg_advisory_xact_lock(hashtext('syncline_formula'));

-- note_version --
-- The functions are of this version now.
COMMENT ON SCHEMA syncline_formula IS {version};

-- whole --
-- A number cut to a count that no text or calendar exceeds.
CREATE OR REPLACE FUNCTION syncline_formula.whole(n numeric) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN least(greatest(trunc(n), -1000000), 1000000)::integer; END $$;
