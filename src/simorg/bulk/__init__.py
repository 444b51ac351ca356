"""Bulk API 2.0 queries: jobs, and the files their results are served from."""
