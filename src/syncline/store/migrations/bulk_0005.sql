-- Objects that are mirrored on an operator's word, beside those of the mapping.

CREATE TABLE mirrored_objects (
    connection_id bigint NOT NULL,
    object        text COLLATE "C" NOT NULL,
    choice        text NOT NULL,           -- domain.objects.Choice: common, all, chosen
    fields        text[] NOT NULL,         -- the names that were chosen
    added_at      timestamptz NOT NULL,
    PRIMARY KEY (connection_id, object)
);

-- Records that belong to a contact by what happened to it: the Account and the Opportunity of a conversion.
CREATE TABLE related_records (
    connection_id bigint NOT NULL,
    contact_id    bigint NOT NULL,
    object        text COLLATE "C" NOT NULL,
    record_id     text COLLATE "C" NOT NULL,
    reason        text NOT NULL,           -- converted
    lead_id       text COLLATE "C" NOT NULL,
    noted_at      timestamptz NOT NULL,
    PRIMARY KEY (connection_id, contact_id, object, record_id)
);
CREATE INDEX related_records_record ON related_records (connection_id, object, record_id);
