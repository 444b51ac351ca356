"""Use cases of setting up: what is needed in an org, what is missing, and making it so."""
