"""The public board of scores."""
