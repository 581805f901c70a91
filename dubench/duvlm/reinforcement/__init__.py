"""Reinforcement learning of DU-VLM: answers are rewarded by the pictures restored with them."""
