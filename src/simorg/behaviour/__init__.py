"""What an org does with records: rules of writing, conversion, merge, the recycle bin."""
