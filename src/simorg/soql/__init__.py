"""The query language: grammar, compiler to SQL, errors with their place."""
