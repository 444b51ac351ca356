"""The standard objects, one module for each group."""
