"""`python -m ciphertool`."""

from ciphertool.cli import main

if __name__ == "__main__":
    main()
