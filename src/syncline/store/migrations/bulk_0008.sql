-- Sending: rows under way by Bulk, and what was refused.

-- One upload of rows to a Bulk ingest job. Without a job id it is not sent yet, and is dropped by the next run.
CREATE TABLE bulk_writes (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id bigint NOT NULL,
    object        text COLLATE "C" NOT NULL,
    lane          smallint NOT NULL,
    run_id        bigint NOT NULL,
    job_id        text,
    written_at    timestamptz     -- the org's clock, before its job began
);
CREATE INDEX bulk_writes_connection ON bulk_writes (connection_id);

-- Its rows, as they are sent: results are compared with what was sent, whatever the contacts hold by then.
CREATE TABLE bulk_write_rows (
    write_id   bigint NOT NULL,
    contact_id bigint NOT NULL,
    record_id  text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    stamp      timestamptz,       -- of the record, as the mirror knew it
    ours       jsonb NOT NULL,
    theirs     jsonb NOT NULL,
    PRIMARY KEY (write_id, record_id)
);

-- What Salesforce refused, and as what it was seen then: when the record, the field or the right changes, it is tried
-- again. A field of '' is the whole record.
CREATE TABLE refused (
    connection_id bigint NOT NULL,
    object        text COLLATE "C" NOT NULL,
    contact_id    bigint NOT NULL,
    field         text NOT NULL,
    code          text NOT NULL,
    shape         text,           -- a digest of what describe said of the fields that are sent; none: try again
    stamp         timestamptz,    -- of the record, as the mirror knew it
    at            timestamptz NOT NULL,
    probed        boolean NOT NULL DEFAULT false,
    PRIMARY KEY (connection_id, contact_id, field)
);
