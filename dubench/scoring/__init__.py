"""What a model's answers are worth: scores, their intervals, and comparisons."""
