"""Where depth for haze comes from."""
