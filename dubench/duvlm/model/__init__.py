"""The models of DU-VLM: nano, made from scratch, and how a model is run fast."""
