"""Restoration by diffusion: the prior, and the samplers that it drives."""
