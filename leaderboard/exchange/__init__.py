"""A board in formats that others read, and on the Hub."""
