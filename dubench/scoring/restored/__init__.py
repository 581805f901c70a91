"""How good restored images are: their files, the metrics, and photographs without a truth."""
