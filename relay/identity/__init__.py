"""Accounts, devices and their keys: rows in PostgreSQL, and the directory in the log."""
