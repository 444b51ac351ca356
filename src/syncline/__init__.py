"""Syncline: a marketing hub that lives in step with Salesforce."""

__version__ = "0.1.0"
