"""Keeps secrets and control characters out of what is shown: masking, a logging filter, visible text."""
