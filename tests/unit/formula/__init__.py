"""Formulas, without a database: reading, checking, refusing."""
