"""When the log took an envelope"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """When the log took an envelope"""
    op.add_column(
        "envelopes", sa.Column("logged_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table_comment(
        "envelopes",
        "Projection: owed ciphertexts and nothing else; an acknowledged one leaves at once. at: by the clock of the node that accepted it; logged_at: by the log's, as its position says.",
        existing_comment="Projection: owed ciphertexts and nothing else; an acknowledged one leaves at once.",
    )
