"""ciphertool keeps secrets out of configuration files."""

__version__ = "0.1.0"
