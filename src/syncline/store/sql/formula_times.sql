-- date --
-- DATE; NULL where there is no such day.
CREATE OR REPLACE FUNCTION syncline_formula.date(y numeric, m numeric, d numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    year integer := syncline_formula.whole(y);
    month integer := syncline_formula.whole(m);
    day integer := syncline_formula.whole(d);
    first date;
BEGIN
    IF year NOT BETWEEN 1 AND 9999 OR month NOT BETWEEN 1 AND 12 OR day NOT BETWEEN 1 AND 31 THEN RETURN NULL; END IF;
    first := make_date(year, month, 1);
    RETURN CASE WHEN first + day - 1 < first + interval '1 month' THEN first + day - 1 END;
END $$;

-- datevalue_of_text --
-- DATEVALUE of a text like 2026-01-31.
CREATE OR REPLACE FUNCTION syncline_formula.datevalue_of_text(t text) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE day text := btrim(t);
BEGIN
    IF day !~ '^[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}$' THEN RETURN NULL; END IF;
    RETURN syncline_formula.date(
        split_part(day, '-', 1)::numeric, split_part(day, '-', 2)::numeric, split_part(day, '-', 3)::numeric);
END $$;

-- datevalue_of_datetime --
-- DATEVALUE of a moment: its day in GMT.
CREATE OR REPLACE FUNCTION syncline_formula.datevalue_of_datetime(m timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT (m AT TIME ZONE 'UTC')::date $$;

-- datetimevalue_of_date --
-- DATETIMEVALUE of a date: its midnight in GMT.
CREATE OR REPLACE FUNCTION syncline_formula.datetimevalue_of_date(d date) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT d::timestamp AT TIME ZONE 'UTC' $$;

-- datetimevalue_of_text --
-- DATETIMEVALUE of a text like 2026-01-31 12:00:00, in GMT.
CREATE OR REPLACE FUNCTION syncline_formula.datetimevalue_of_text(t text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE moment text := replace(btrim(t), 'T', ' ');
BEGIN
    RETURN (syncline_formula.datevalue_of_text(split_part(moment, ' ', 1))
        + syncline_formula.timevalue_of_text(split_part(moment, ' ', 2))) AT TIME ZONE 'UTC';
END $$;

-- timevalue_of_text --
-- TIMEVALUE of a text like 12:00:00.000, and of what the API gives for a field of type Time.
CREATE OR REPLACE FUNCTION syncline_formula.timevalue_of_text(t text) RETURNS time
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE clock text := rtrim(btrim(t), 'Z');
BEGIN
    IF clock ~ '^(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{{1,6}})?)?$' THEN RETURN clock::time; END IF;
    RETURN NULL;
END $$;

-- timevalue_of_datetime --
-- TIMEVALUE of a moment: its time of day in GMT.
CREATE OR REPLACE FUNCTION syncline_formula.timevalue_of_datetime(m timestamptz) RETURNS time
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT (m AT TIME ZONE 'UTC')::time $$;

-- later_of_date --
-- Whole days later.
CREATE OR REPLACE FUNCTION syncline_formula.later_of_date(d date, days numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE since numeric;
BEGIN
    IF NOT isfinite(d) THEN RETURN NULL; END IF;
    since := (d - DATE '0001-01-01') + trunc(days);
    RETURN CASE WHEN since BETWEEN 0 AND 3652058 THEN DATE '0001-01-01' + since::integer END;
END $$;

-- earlier_of_date --
-- Whole days earlier.
CREATE OR REPLACE FUNCTION syncline_formula.earlier_of_date(d date, days numeric) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT syncline_formula.later_of_date(d, -days) $$;

-- later_of_datetime --
-- Days later, parts of days included.
CREATE OR REPLACE FUNCTION syncline_formula.later_of_datetime(m timestamptz, days numeric) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF extract(epoch FROM m) + days * 86400 NOT BETWEEN -62135596800 AND 253402214400 THEN RETURN NULL; END IF;
    RETURN m + make_interval(secs => round(days * 86400, 6)::double precision);
END $$;

-- earlier_of_datetime --
-- Days earlier, parts of days included.
CREATE OR REPLACE FUNCTION syncline_formula.earlier_of_datetime(m timestamptz, days numeric) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT syncline_formula.later_of_datetime(m, -days) $$;

-- days_between_of_date --
-- Days from the second to the first.
CREATE OR REPLACE FUNCTION syncline_formula.days_between_of_date(a date, b date) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN isfinite(a) AND isfinite(b) THEN (a - b)::numeric END $$;

-- days_between_of_datetime --
-- Days from the second to the first, parts of days included.
CREATE OR REPLACE FUNCTION syncline_formula.days_between_of_datetime(a timestamptz, b timestamptz) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT (extract(epoch FROM a) - extract(epoch FROM b)) / 86400 $$;

-- addmonths_of_date --
-- ADDMONTHS: the last day of a month becomes the last day of the other.
CREATE OR REPLACE FUNCTION syncline_formula.addmonths_of_date(d date, months numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    first date := date_trunc('month', d::timestamp);
    months_on integer := syncline_formula.whole(months);
    target date;
BEGIN
    IF abs(months_on) > 120000 THEN RETURN NULL; END IF;
    IF extract(year FROM d) * 12 + extract(month FROM d) + months_on NOT BETWEEN 13 AND 120000 THEN RETURN NULL; END IF;
    target := first + make_interval(months => months_on);
    IF d = first + interval '1 month' - interval '1 day' THEN
        RETURN target + interval '1 month' - interval '1 day';
    END IF;
    RETURN least((d - first) + target, (target + interval '1 month' - interval '1 day')::date);
END $$;

-- addmonths_of_datetime --
-- ADDMONTHS of a moment: its time of day stays.
CREATE OR REPLACE FUNCTION syncline_formula.addmonths_of_datetime(m timestamptz, months numeric) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT (syncline_formula.addmonths_of_date((m AT TIME ZONE 'UTC')::date, months) + (m AT TIME ZONE 'UTC')::time)
    AT TIME ZONE 'UTC' $$;

-- year --
-- YEAR.
CREATE OR REPLACE FUNCTION syncline_formula.year(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(year FROM d) $$;

-- month --
-- MONTH.
CREATE OR REPLACE FUNCTION syncline_formula.month(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(month FROM d) $$;

-- day --
-- DAY.
CREATE OR REPLACE FUNCTION syncline_formula.day(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(day FROM d) $$;

-- weekday --
-- WEEKDAY: 1 is Sunday.
CREATE OR REPLACE FUNCTION syncline_formula.weekday(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(dow FROM d) + 1 $$;

-- dayofyear --
-- DAYOFYEAR.
CREATE OR REPLACE FUNCTION syncline_formula.dayofyear(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(doy FROM d) $$;

-- isoweek --
-- ISOWEEK.
CREATE OR REPLACE FUNCTION syncline_formula.isoweek(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(week FROM d) $$;

-- isoyear --
-- ISOYEAR.
CREATE OR REPLACE FUNCTION syncline_formula.isoyear(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(isoyear FROM d) $$;

-- hour --
-- HOUR.
CREATE OR REPLACE FUNCTION syncline_formula.hour(t time) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(hour FROM t) $$;

-- minute --
-- MINUTE.
CREATE OR REPLACE FUNCTION syncline_formula.minute(t time) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(minute FROM t) $$;

-- second --
-- SECOND.
CREATE OR REPLACE FUNCTION syncline_formula.second(t time) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT trunc(extract(second FROM t)) $$;

-- millisecond --
-- MILLISECOND: without the seconds.
CREATE OR REPLACE FUNCTION syncline_formula.millisecond(t time) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT trunc(mod(extract(milliseconds FROM t), 1000)) $$;

-- unixtimestamp_of_datetime --
-- UNIXTIMESTAMP of a moment.
CREATE OR REPLACE FUNCTION syncline_formula.unixtimestamp_of_datetime(m timestamptz) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT floor(extract(epoch FROM m)) $$;

-- unixtimestamp_of_date --
-- UNIXTIMESTAMP of a date: of its midnight in GMT.
CREATE OR REPLACE FUNCTION syncline_formula.unixtimestamp_of_date(d date) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT extract(epoch FROM d::timestamp) $$;

-- fromunixtime --
-- FROMUNIXTIME; NULL where no calendar reaches.
CREATE OR REPLACE FUNCTION syncline_formula.fromunixtime(n numeric) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT syncline_formula.later_of_datetime(TIMESTAMPTZ '1970-01-01 00:00:00+00', n / 86400) $$;
