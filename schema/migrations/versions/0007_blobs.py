"""Sealed files"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Sealed files"""
    op.create_table(
        "blobs",
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("parts", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("recorded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("erasing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("stored_at", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("blob", name=op.f("pk_blobs")),
        comment="Sealed files. blob: the SHA-256 of an id. Written directly: an upload's received bytes and parts, finished_at (whole, about to be recorded), recorded and erasing (the log says so). Projection: digest, stored_at, erased_at. Retention deletes a row once the storage has nothing of it.",
    )
    op.create_index(op.f("ix_blobs_user_id"), "blobs", ["user_id"])
    op.create_index(op.f("ix_blobs_expires_at"), "blobs", ["expires_at"])
