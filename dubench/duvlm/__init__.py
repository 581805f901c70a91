"""DU-VLM: a vision language model that reads a photograph and its computed views."""
