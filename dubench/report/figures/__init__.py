"""Figures as print has them: the paper's, those of certainty, and of a wrong parameter."""
