"""Who is how good, and how sure that is."""
