"""What a degradation is and how a dataset of degradations is made."""
