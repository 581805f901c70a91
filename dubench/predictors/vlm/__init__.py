"""Vision language models: what they are asked, in memory or behind a server."""
