"""What a board's folder holds: the board, its submissions and their cards."""
