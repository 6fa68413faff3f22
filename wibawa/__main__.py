"""`python -m wibawa`, the same as the `wibawa` command."""

from wibawa.app import main

main()
