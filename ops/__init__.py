"""Builds, runs and watches the others: the command line, the supervisor, the embedded servers."""
