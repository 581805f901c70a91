"""What a clean photograph looks like, as a network that removes noise of any known level."""
