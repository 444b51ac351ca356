"""Logging in: the policies of an org, the passwords of its users, and the decision about a login."""
