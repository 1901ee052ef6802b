"""One way to change files: what is going to be written, how it is made, and the writing itself."""
