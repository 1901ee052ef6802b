"""The one way to change files: what will be written, how it is made, and the writing itself."""
