"""Digests of the entries that the projector read"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Digests of the entries that the projector read"""
    op.create_table(
        "entry_digests",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("after_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("upto_ms", sa.BigInteger(), nullable=False),
        sa.Column("upto_n", sa.BigInteger(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("partition", "after_ms", "after_n", name=op.f("pk_entry_digests")),
        comment="Digests (16 bytes each) of the entries that the projector read in (after, upto]; null where it kept none. Those of entries that were trimmed off the log go.",
    )
    # Digests do not compress: no attempt is made.
    op.execute("ALTER TABLE entry_digests ALTER COLUMN digests SET STORAGE EXTERNAL")
