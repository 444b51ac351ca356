"""Formulas on PostgreSQL."""
