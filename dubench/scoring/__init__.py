"""What a model's answers are worth: scores, their intervals, and the tables and figures of them."""
