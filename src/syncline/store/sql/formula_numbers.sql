-- divide --
-- Division to 30 digits behind the point; by zero it gives NULL.
CREATE OR REPLACE FUNCTION syncline_formula.divide(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(a, 30) / nullif(b, 0) $$;

-- mod --
-- MOD; by zero it gives NULL.
CREATE OR REPLACE FUNCTION syncline_formula.mod(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT mod(a, nullif(b, 0)) $$;

-- power --
-- A power; NULL where it has no value, or one beyond 10 to the 40.
CREATE OR REPLACE FUNCTION syncline_formula.power(a numeric, b numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE size numeric;
BEGIN
    IF b = 0 THEN RETURN 1; END IF;
    IF a = 0 THEN RETURN CASE WHEN b > 0 THEN 0 END; END IF;
    IF a < 0 AND b <> trunc(b) THEN RETURN NULL; END IF;
    IF abs(a) = 1 THEN RETURN CASE WHEN a > 0 OR mod(b, 2) = 0 THEN 1 ELSE -1 END; END IF;
    size := b * ln(abs(a));
    IF size > 92 THEN RETURN NULL; END IF;
    IF size < -92 THEN RETURN 0; END IF;
    RETURN power(a, b);
END $$;

-- sqrt --
-- SQRT; of a negative number it gives NULL.
CREATE OR REPLACE FUNCTION syncline_formula.sqrt(n numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN CASE WHEN n >= 0 THEN sqrt(n) END; END $$;

-- exp --
-- EXP; what lies beyond 10 to the 40 is NULL.
CREATE OR REPLACE FUNCTION syncline_formula.exp(n numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN CASE WHEN n > 92 THEN NULL WHEN n < -92 THEN 0 ELSE exp(n) END; END $$;

-- ln --
-- LN; zero and negative numbers have none.
CREATE OR REPLACE FUNCTION syncline_formula.ln(n numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN CASE WHEN n > 0 THEN ln(n) END; END $$;

-- log --
-- LOG to base 10; zero and negative numbers have none.
CREATE OR REPLACE FUNCTION syncline_formula.log(n numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN CASE WHEN n > 0 THEN log(n) END; END $$;

-- round --
-- ROUND: half away from zero, also to digits before the point.
CREATE OR REPLACE FUNCTION syncline_formula.round(n numeric, digits numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN round(n, least(greatest(syncline_formula.whole(digits), -60), 60)); END $$;

-- trunc --
-- TRUNC: towards zero.
CREATE OR REPLACE FUNCTION syncline_formula.trunc(n numeric, digits numeric DEFAULT 0) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN trunc(n, least(greatest(syncline_formula.whole(digits), -60), 60)); END $$;

-- mceiling --
-- MCEILING; what stands behind the 18th digit is an accident of a division.
CREATE OR REPLACE FUNCTION syncline_formula.mceiling(n numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ceil(round(n, 18)) $$;

-- mfloor --
-- MFLOOR.
CREATE OR REPLACE FUNCTION syncline_formula.mfloor(n numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT floor(round(n, 18)) $$;

-- ceiling --
-- CEILING: away from zero, unlike MCEILING.
CREATE OR REPLACE FUNCTION syncline_formula.ceiling(n numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT sign(n) * ceil(abs(round(n, 18))) $$;

-- floor --
-- FLOOR: towards zero, unlike MFLOOR.
CREATE OR REPLACE FUNCTION syncline_formula.floor(n numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT trunc(round(n, 18)) $$;

-- max --
-- MAX; NULL where one is.
CREATE OR REPLACE FUNCTION syncline_formula.max(numbers numeric[]) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN RETURN CASE WHEN array_position(numbers, NULL) IS NULL THEN (SELECT max(one) FROM unnest(numbers) one) END; END $$;

-- min --
-- MIN; NULL where one is.
CREATE OR REPLACE FUNCTION syncline_formula.min(numbers numeric[]) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN RETURN CASE WHEN array_position(numbers, NULL) IS NULL THEN (SELECT min(one) FROM unnest(numbers) one) END; END $$;
