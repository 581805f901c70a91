"""The forward models on batches of tensors, for training and for a GPU."""
