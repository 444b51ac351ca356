"""Metadata of an org: components that are described in XML, deployed, retrieved, and installed in its schema."""
