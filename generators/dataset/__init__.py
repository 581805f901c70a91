"""What lies on disk: rows, recipe, identity, cards."""
