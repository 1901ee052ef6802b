"""A generated matrix of secrets in configuration files: what the values are, how they are written, where they stand."""
