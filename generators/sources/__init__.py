"""Where clean photographs come from, and which of them are clean enough."""
