"""Predict, score, train and restore: everything done with a dataset of degradations."""
