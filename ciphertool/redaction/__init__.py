"""Keeps secrets and control characters out of output: masking, a logging filter, escaped text."""
