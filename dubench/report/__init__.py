"""Scores as tables, figures and pages."""
