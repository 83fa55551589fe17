"""`python -m stepstile_local`, for where the folder of scripts is not on the PATH."""

from stepstile_local import main

main()
