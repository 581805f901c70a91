"""Submissions taken in and checked, and the epochs they are sent to."""
