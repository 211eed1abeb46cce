"""The only code that runs programs, opens files or talks to daemons: one file per tool."""
