"""Which samples people look at, and with which planted items."""
