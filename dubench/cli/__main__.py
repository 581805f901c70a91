"""`python -m dubench.cli` is `dubench`."""

from dubench.cli import main

if __name__ == "__main__":
    main()
