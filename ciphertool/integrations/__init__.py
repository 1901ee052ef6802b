"""ciphertool in other people's frameworks: one module each, which imports its framework; nothing here imports them."""
