"""What a review says: agreement, defects, reviewers."""
