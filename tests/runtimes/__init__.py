"""The runtimes of the products: what each reads, and how."""
