"""`python -m lwd` is the `lwd` command."""

from lwd.cli import main

main()
