"""Salesforce's formula language: read, checked, and made into SQL over the storage."""
