"""The statistics baseline: features of a photograph, small networks, and their training."""
