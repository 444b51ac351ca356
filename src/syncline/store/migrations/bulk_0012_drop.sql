DROP INDEX left_out_ambiguous;
