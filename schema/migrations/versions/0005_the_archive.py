"""The archive: the relay's own keys, and the newest segment of each partition"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The archive: the relay's own keys, and the newest segment of each partition"""
    op.create_table(
        "relay_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_relay_keys")),
        comment="Ed25519 keys of the relay itself, which sign the archive; private halves sealed as those of signing_keys. A row stays for ever, so that what it signed can be checked.",
    )
    op.create_table(
        "archive_heads",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("trimmed", sa.Text(), server_default=sa.text("'0-0'"), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_archive_heads")),
        comment="The newest segment of each partition's archive, so that missing last segments are noticed. trimmed: up to which position the log was trimmed without an archive.",
    )
