"""``python -m pkbench``."""

from pkbench.cli.main import main

main()
