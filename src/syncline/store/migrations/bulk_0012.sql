-- Records that wait for a person to choose are few, and asked for in every run.
CREATE INDEX left_out_ambiguous ON left_out (connection_id) WHERE reason = 'ambiguous';
