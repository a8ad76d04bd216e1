"""`python -m costcalc` is the command line."""

from costcalc.cli.main import main

if __name__ == "__main__":
    main()
