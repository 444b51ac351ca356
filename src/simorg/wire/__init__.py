"""The protocols of an org: one module for each resource, each with its ROUTES."""
