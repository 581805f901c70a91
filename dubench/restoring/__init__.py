"""Restore: the images of a split, and photographs."""
