"""Which log the database belongs to"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Which log the database belongs to"""
    op.create_table(
        "log_identity",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_log_identity_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_log_identity")),
        comment="The log that this database belongs to. settled: the log holds the id too (the first start writes it here first).",
    )
