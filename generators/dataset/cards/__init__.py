"""What a stranger reads of a dataset: its card, what people found, and Croissant."""
