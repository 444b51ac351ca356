-- left --
-- LEFT: a count below zero counts as zero.
CREATE OR REPLACE FUNCTION syncline_formula.left(t text, n numeric) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN left(t, greatest(syncline_formula.whole(n), 0)); END $$;

-- right --
-- RIGHT: a count below zero counts as zero.
CREATE OR REPLACE FUNCTION syncline_formula.right(t text, n numeric) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN right(t, greatest(syncline_formula.whole(n), 0)); END $$;

-- mid --
-- MID: a start before the first character counts as the first.
CREATE OR REPLACE FUNCTION syncline_formula.mid(t text, start numeric, n numeric) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN substr(t, greatest(syncline_formula.whole(start), 1), greatest(syncline_formula.whole(n), 0));
END $$;

-- find --
-- FIND: a blank text is found nowhere, and nothing is found in one.
CREATE OR REPLACE FUNCTION syncline_formula.find(search text, t text, start numeric DEFAULT 1) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    first integer := greatest(coalesce(syncline_formula.whole(start), 1), 1);
    place integer := CASE WHEN search = '' THEN 0 ELSE strpos(substr(t, first), search) END;
BEGIN RETURN CASE WHEN place = 0 THEN 0 ELSE place + first - 1 END; END $$;

-- contains --
-- CONTAINS: a blank text stands in every text; whether a blank text contains another is unknown, which is not true.
CREATE OR REPLACE FUNCTION syncline_formula.contains(t text, search text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT search = '' OR strpos(nullif(t, ''), search) > 0 $$;

-- begins --
-- BEGINS: as CONTAINS, at the start.
CREATE OR REPLACE FUNCTION syncline_formula.begins(t text, search text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT search = '' OR starts_with(nullif(t, ''), search) $$;

-- includes --
-- INCLUDES: the values of a multi-select picklist stand between semicolons.
CREATE OR REPLACE FUNCTION syncline_formula.includes(t text, value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(value = ANY (string_to_array(t, ';')), false) $$;

-- substitute --
-- SUBSTITUTE: what would grow beyond any field is blank.
CREATE OR REPLACE FUNCTION syncline_formula.substitute(t text, old text, new text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE found bigint;
BEGIN
    IF old = '' OR t = '' THEN RETURN t; END IF;
    found := (length(t) - length(replace(t, old, ''))) / length(old);
    IF length(t) + found * length(new) > 262144 THEN RETURN ''; END IF;
    RETURN replace(t, old, new);
END $$;

-- lpad --
-- LPAD: filled with blanks where no filling is given; a blank text and a length of none stay blank.
CREATE OR REPLACE FUNCTION syncline_formula.lpad(t text, n numeric, fill text DEFAULT ' ') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN t = '' THEN ''
        ELSE lpad(t, least(greatest(syncline_formula.whole(n), 0), 131072), coalesce(nullif(fill, ''), ' ')) END;
END $$;

-- rpad --
-- RPAD: as LPAD, on the other side.
CREATE OR REPLACE FUNCTION syncline_formula.rpad(t text, n numeric, fill text DEFAULT ' ') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN t = '' THEN ''
        ELSE rpad(t, least(greatest(syncline_formula.whole(n), 0), 131072), coalesce(nullif(fill, ''), ' ')) END;
END $$;

-- hyperlink --
-- HYPERLINK: as the API gives it.
CREATE OR REPLACE FUNCTION syncline_formula.hyperlink(address text, name text, target text DEFAULT '') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN '<a href="' || syncline_formula.escaped(address) || '"'
        || CASE WHEN target = '' THEN '' ELSE ' target="' || syncline_formula.escaped(target) || '"' END
        || '>' || syncline_formula.escaped(name) || '</a>';
END $$;

-- escaped --
-- A text as HTML shows it.
CREATE OR REPLACE FUNCTION syncline_formula.escaped(t text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT replace(replace(replace(replace(t, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;') $$;

-- casesafeid --
-- CASESAFEID: three characters that say which of the fifteen are capitals (Salesforce Help, "ID Field Type").
CREATE OR REPLACE FUNCTION syncline_formula.casesafeid(id text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE bits integer; suffix text := '';
BEGIN
    IF id !~ '^[0-9A-Za-z]{{15}}$' THEN RETURN id; END IF;
    FOR part IN 0..2 LOOP
        bits := 0;
        FOR place IN 0..4 LOOP
            IF substr(id, part * 5 + place + 1, 1) ~ '[A-Z]' THEN bits := bits + (1 << place); END IF;
        END LOOP;
        suffix := suffix || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', bits + 1, 1);
    END LOOP;
    RETURN id || suffix;
END $$;

-- value --
-- VALUE: the number that a text shows, or NULL.
CREATE OR REPLACE FUNCTION syncline_formula.value(t text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF length(t) <= 60 AND t ~ '^\s*[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]{{1,2}})?\s*$' THEN
        RETURN t::numeric;
    END IF;
    RETURN NULL;
END $$;

-- isnumber --
-- ISNUMBER: whether VALUE has a number for it.
CREATE OR REPLACE FUNCTION syncline_formula.isnumber(t text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT syncline_formula.value(t) IS NOT NULL $$;

-- text_of_number --
-- TEXT of a number: no zeros at the end, never with an exponent.
CREATE OR REPLACE FUNCTION syncline_formula.text_of_number(n numeric) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT trim_scale(round(n, 18))::text $$;

-- text_of_date --
-- TEXT of a date.
CREATE OR REPLACE FUNCTION syncline_formula.text_of_date(d date) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT to_char(d, 'YYYY-MM-DD') $$;

-- text_of_datetime --
-- TEXT of a moment, in GMT.
CREATE OR REPLACE FUNCTION syncline_formula.text_of_datetime(m timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT to_char(m AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') $$;

-- text_of_time --
-- TEXT of a time of day.
CREATE OR REPLACE FUNCTION syncline_formula.text_of_time(t time) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT to_char(t, 'HH24:MI:SS.MS') $$;
