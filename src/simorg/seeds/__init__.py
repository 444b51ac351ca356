"""What an org is filled with."""
