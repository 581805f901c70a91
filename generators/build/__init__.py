"""Make a dataset, prove it, and replace what people rejected."""
