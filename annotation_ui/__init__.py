"""The human pass over a dataset, in the browser."""
