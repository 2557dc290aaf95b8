"""The tables (SQLAlchemy Core). Times are ms since the epoch (bigint), keys and hashes bytea.

Written directly: users, overrides, login_sessions, refresh_tokens, signing_keys, relay_keys, archive_heads,
log_identity. Projections of the log, which `sealstream replay rebuild` can make anew: devices, identities,
one_time_prekeys, used_prekeys, kem_prekeys, used_kem_prekeys, mailboxes, envelopes, checkpoints,
entry_digests; of blobs the columns that say what the log says, the others are written directly. The one
synchronous write into a projection is the taking of a one-time prekey (of either kind), which the log records
before the answer goes out.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("last_device_id", Integer, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
    comment="Accounts. last_device_id is the highest device number ever given; numbers are never reused.",
)

overrides = Table(
    "overrides",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    comment="The operator's own limits for single users; they go with the account.",
)

login_sessions = Table(
    "login_sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("device_id", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    Index(None, "user_id"),
    Index("ix_login_sessions_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    comment="A login session is a family of refresh tokens. No foreign key: it outlives its account a "
    "little, so that every node learns that it has ended.",
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("session_id", Uuid, ForeignKey("login_sessions.session_id", ondelete="CASCADE"), nullable=False),
    Column("parent_hash", LargeBinary),
    Column("issued_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("superseded", Boolean, nullable=False, server_default=text("false")),
    Index(None, "session_id"),
    comment="Every refresh token of a family, as SHA-256. used_at: it was exchanged; superseded: it may "
    "not be used any more.",
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    comment="Ed25519 keys that sign access tokens; private halves sealed with AES-256-GCM under the "
    "operator's secret file, which is not in the database.",
)

log_identity = Table(
    "log_identity",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("log_id", Uuid, nullable=False),
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("one", name="one_row"),
    comment="The log that this database belongs to. settled: the log holds the id too (the first start "
    "writes it here first).",
)

relay_keys = Table(
    "relay_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    comment="Ed25519 keys of the relay itself, which sign the archive; private halves sealed as those of "
    "signing_keys. A row stays for ever, so that what it signed can be checked.",
)

archive_heads = Table(
    "archive_heads",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("last", Text, nullable=False),
    Column("trimmed", Text, nullable=False, server_default=text("'0-0'")),
    comment="The newest segment of each partition's archive, so that missing last segments are noticed. "
    "trimmed: up to which position the log was trimmed without an archive.",
)

devices = Table(
    "devices",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("registration_id", Integer, nullable=False),
    Column("signed_prekey_id", Integer, nullable=False),
    Column("signed_prekey", LargeBinary, nullable=False),
    Column("signed_prekey_signature", LargeBinary, nullable=False),
    Column("activated_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("kem_prekey_id", Integer),
    Column("kem_prekey", LargeBinary),
    Column("kem_prekey_signature", LargeBinary),
    comment="Projection: devices that published keys. closed_at: gone for good. kem_prekey: the last-resort "
    "KEM prekey, null for a device that published none.",
)

identities = Table(
    "identities",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("identity_key", LargeBinary, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    comment="Projection: every identity key a user had; until is null for the present one.",
)

one_time_prekeys = Table(
    "one_time_prekeys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("prekey_id", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    comment="Projection: one-time prekeys not handed out yet; taking one deletes it.",
)

used_prekeys = Table(
    "used_prekeys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("prekey_id", Integer, primary_key=True, autoincrement=False),
    Column("taken_at", BigInteger, nullable=False),
    comment="Marks of prekeys handed out: such an id is refused, and never projected again.",
)

kem_prekeys = Table(
    "kem_prekeys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("prekey_id", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    comment="Projection: one-time KEM prekeys not handed out yet; taking one deletes it.",
)

used_kem_prekeys = Table(
    "used_kem_prekeys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("prekey_id", Integer, primary_key=True, autoincrement=False),
    Column("taken_at", BigInteger, nullable=False),
    comment="Marks of KEM prekeys handed out: such an id is refused, and never projected again.",
)

blobs = Table(
    "blobs",
    metadata,
    Column("blob", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("device_id", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("parts", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("recorded", Boolean, nullable=False, server_default=text("false")),
    Column("erasing", Boolean, nullable=False, server_default=text("false")),
    Column("digest", LargeBinary),
    Column("stored_at", BigInteger),
    Column("erased_at", BigInteger),
    Index(None, "user_id"),
    Index(None, "expires_at"),
    comment="Sealed files. blob: the SHA-256 of an id. Written directly: an upload's received bytes and "
    "parts, finished_at (whole, about to be recorded), recorded and erasing (the log says so). Projection: "
    "digest, stored_at, erased_at. Retention deletes a row once the storage has nothing of it.",
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("head", BigInteger, nullable=False, server_default=text("0")),
    Column("cursor", BigInteger, nullable=False, server_default=text("0")),
    Column("floor", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("cursor <= head AND floor <= head", name="prefix"),
    comment="Projection: the mailbox numbers. Owed is what lies in (max(cursor, floor), head].",
)

envelopes = Table(
    "envelopes",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("from_user", Uuid, nullable=False),
    Column("from_device", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("logged_at", BigInteger, nullable=False, server_default=text("0")),
    Index(None, "at"),
    comment="Projection: owed ciphertexts and nothing else; an acknowledged one leaves at once. at: by the "
    "clock of the node that accepted it; logged_at: by the log's, as its position says.",
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("consumer_group", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", Text, nullable=False),
    comment="How far a group has projected a partition; advanced by compare-and-set in the transaction "
    "of the projection itself.",
)

entry_digests = Table(
    "entry_digests",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("after_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("after_n", BigInteger, primary_key=True, autoincrement=False),
    Column("upto_ms", BigInteger, nullable=False),
    Column("upto_n", BigInteger, nullable=False),
    Column("digests", LargeBinary),
    comment="Digests (16 bytes each) of the entries that the projector read in (after, upto]; null where it "
    "kept none. Those of entries that were trimmed off the log go.",
)
