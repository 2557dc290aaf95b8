"""KEM prekeys: one-time ones, and the last resort of a device"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """KEM prekeys: one-time ones, and the last resort of a device"""
    op.add_column("devices", sa.Column("kem_prekey_id", sa.Integer(), nullable=True))
    op.add_column("devices", sa.Column("kem_prekey", sa.LargeBinary(), nullable=True))
    op.add_column("devices", sa.Column("kem_prekey_signature", sa.LargeBinary(), nullable=True))
    op.create_table_comment(
        "devices",
        "Projection: devices that published keys. closed_at: gone for good. kem_prekey: the last-resort KEM prekey, null for a device that published none.",
        existing_comment="Projection: devices that published keys. closed_at: gone for good.",
    )
    op.create_table(
        "kem_prekeys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prekey_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "device_id", "prekey_id", name=op.f("pk_kem_prekeys")),
        comment="Projection: one-time KEM prekeys not handed out yet; taking one deletes it.",
    )
    op.create_table(
        "used_kem_prekeys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prekey_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "device_id", "prekey_id", name=op.f("pk_used_kem_prekeys")),
        comment="Marks of KEM prekeys handed out: such an id is refused, and never projected again.",
    )
