"""The database's history (alembic); `sealstream migrate` and `sealstream up` run it."""
