"""The products that read the files at start-up: which files, in which syntax, and what else they need."""
