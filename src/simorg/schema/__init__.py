"""What the org is made of: objects and fields, as describe tells them."""
