"""Every key on the log and the board: its name, type and lifetime, in this one place.

LOG (durable; a key of a partition carries the hash tag `{p}`, so that it works on a cluster)

| key | type | lifetime | holds |
|---|---|---|---|
| `sealstream:partitions` | string | for ever | P, fixed at the first start |
| `sealstream:repair` | string | while it runs | the repair command at work, or interrupted: until it |
| | | | is run again to its end, nothing starts (`ops.log_repair`) |
| `{p}:log-id` | string | until a repair | the log's id, the same in every partition: so a cluster's primary |
| | | | that lost its data is noticed too (`schema.log_identity`) |
| `{p}:log-gaps` | hash | for ever | position → id of the log before: a repair went on behind the |
| | | | position, and entries before it may be missing (`workers.log_gaps`) |
| `{p}:log` | stream | trimmed to the retention window | the entries of partition p |
| `{p}:trimmed` | string | until a repair | the last entry that was trimmed: a database that has |
| | | | not read it is older than the log can help (`schema.log_identity`) |
| `{p}:user:USER` | hash | until the account is gone | the directory: `i` identity key, `b` `DEVICE UPTO`: |
| | | | the last time it was replaced, DEVICE ended all others up to UPTO; per device D: |
| | | | `rD` registration id, `hD` head, `cD` cursor, `fD` floor, `eD` how many |
| | | | ever expired, `nD` of how many D was told; `oD` `SEQ:SUM`: the sum of the |
| | | | sizes below, up to number SEQ |
| `{p}:closed:USER` | set | until the account is gone | the numbers of devices that were closed |
| `{p}:owed:USER:DEVICE` | list | while something is owed | the sizes of the bodies of the newest |
| | | | envelopes in order, the last one number SEQ (`schema/lua/parts/owed_bytes.lua`) |
| `{p}:seen:SLOT:SHARD` | hash | one hour to two | the answers (MessagePack) to the sends accepted in |
| | | | the half hour SLOT, by a digest of recipient, sender, device and id |
| `{p}:taken` | sorted set | a day, and until projected | USER:DEVICE:ID, a one-time prekey that was handed |
| | | | out, or USER:DEVICE:kem:ID, a KEM prekey → when, by the log's entry (ms) |
| `{p}:deleted` | hash | until they are erased | accounts that were deleted: USER → the position of the |
| | | | deletion; what the log has of them before that is to go |
| `{p}:quarantine` | stream | the retention window | entries that could not be projected, and why |
| `{p}:dropped` | set | for ever | positions of entries that the projector set aside and that left the |
| | | | quarantine unprojected: dropped by the operator, or after the window |
| `limits:log` | stream | trimmed to about 10,000 | refusals by a limit (`schema.events.Refused`) |
| `limits:quarantine` | stream | the retention window | refusals that could not be read, and why |

BOARD (ephemeral; presence and inboxes share one slot, `{board}`, so that one function may join them)

| key | type | lifetime | holds |
|---|---|---|---|
| `{board}:nodes` | sorted set | until taken for dead | node → its last heartbeat (board clock, ms) |
| `{board}:lives` | hash | as the node's entry above | node → the name of its present life |
| `{board}:serving` | hash | as the node's entry above | node → its name on the entries that it hands to its |
| | | | own sockets (`relay.delivery.hand_over`) |
| `{board}:dead` | set | entries leave when reaped | nodes taken for dead whose sockets are yet to be reaped |
| `{board}:presence:USER` | hash | while a device is online | device → `NODE SOCKET` |
| `{board}:sockets:NODE` | set | until reaped | `USER DEVICE` of its sockets |
| `{board}:watch:USER:DEVICE` | set | while the device is online | whom its live socket watches |
| `{board}:watch:USER` | hash | while the user is online | whom the user watches → on how many devices |
| `{board}:inbox:NODE` | stream | capped, read once | what the node must tell its sockets |
| `{board}:inbox-count:NODE` | string | as the inbox | how many entries were ever appended to it |
| `limit:NAME:{SUBJECT}` | sorted set | one window | admissions: event id → 8 x MS + resends |
| `limit:bytes:{SUBJECT}` | list | one window | `MS:SUM` per admission: the sum of all bytes up to it |
| `bucket:NAME:{SUBJECT}` | hash | until full | a token bucket: `tokens`, `at` |
| `link:{ID}` | string | two minutes | a link mailbox: `VERSION:BODY`; version 0 has no body yet |
| `link-news` | stream | trimmed to about 1,000 | `link`: the ID of each link mailbox that was written |
| `grant:{DIGEST}` | string | two minutes, or until used | `USER SESSION PASSWORD`: by whose word, proven by |
| | | | which password (a digest), a new device may log in |
| `cooldown:{USER}` | string | until it ends | the user was evicted: nothing is admitted |
| `override:{USER}` | hash | until cleared | the operator's limits for this user: NAME → limit |
| `overrides` | string | a minute | the overrides were compared with PostgreSQL within it |
| `policy` | hash | renewed by the rate-limiter | NAME → limit, window, burst (JSON); else no admission |
| `{GROUP}:leases` | hash | while the worker lives | partition → the worker that reads it for GROUP |
| `rewritten` | string | the rewrite interval | the log's file was rewritten within it |
| `strays-cleared` | string | a day | the files' storage was searched within it for what no row names |
| `{GROUP}:members` | sorted set | renewed | the workers of GROUP → when each was last heard of (ms) |
"""

from typing import Final
from uuid import UUID

import msgspec

LOG: Final = "log"
BOARD: Final = "board"
"""The two servers, by their names everywhere."""

PARTITION_COUNT: Final = "sealstream:partitions"
REPAIR: Final = "sealstream:repair"
LIMITS_LOG: Final = "limits:log"
LIMITS_QUARANTINE: Final = "limits:quarantine"
NODES: Final = "{board}:nodes"
SERVING: Final = "{board}:serving"
POLICY: Final = "policy"
OVERRIDES: Final = "overrides"
REWRITTEN: Final = "rewritten"
STRAYS_CLEARED: Final = "strays-cleared"

PROJECTOR: Final = "projector"
PUSHER: Final = "pusher"
RATE_LIMITER: Final = "rate-limiter"
RETENTION: Final = "retention"
LOG_GROUPS: Final = (PROJECTOR, PUSHER)
"""The consumer groups of every partition's log; the log is never trimmed past the slowest."""

SEEN_SECONDS: Final = 3600
"""How long the answer to an accepted send is remembered."""


def id_text(number: UUID) -> str:
    """The canonical text. A send takes ten of them; `str` takes seven times as long."""
    text: str = msgspec.to_builtins(number)
    return text


def log(partition: int) -> str:
    """The partition's stream."""
    return f"{{{partition}}}:log"


def log_id(partition: int) -> str:
    """The log's id, as this partition has it."""
    return f"{{{partition}}}:log-id"


def trimmed(partition: int) -> str:
    """The position of the last entry that was trimmed off the partition's log."""
    return f"{{{partition}}}:trimmed"


def log_gaps(partition: int) -> str:
    """Where repairs went on behind missing entries."""
    return f"{{{partition}}}:log-gaps"


def user(partition: int, user_id: UUID) -> str:
    """The directory entry of a user: identity, devices, heads, cursors, floors."""
    return f"{{{partition}}}:user:{id_text(user_id)}"


def closed(partition: int, user_id: UUID) -> str:
    """The devices of a user that were closed."""
    return f"{{{partition}}}:closed:{user_id}"


def owed(partition: int, user_id: UUID, device: int) -> str:
    """The sizes of the bodies that are owed to a device."""
    return f"{{{partition}}}:owed:{user_id}:{device}"


def seen(partition: int, recipient: UUID, sender: UUID, device: int, envelope_id: UUID) -> str:
    """Names one send; its answer is remembered under a digest of this (`schema/lua/parts/seen.lua`)."""
    to, by = id_text(recipient), id_text(sender)
    return f"{{{partition}}}:seen:{to}:{by}.{device}:{id_text(envelope_id)}"


def taken(partition: int) -> str:
    """The marks of one-time prekeys that were handed out."""
    return f"{{{partition}}}:taken"


def quarantine(partition: int) -> str:
    """The stream of entries that were set aside."""
    return f"{{{partition}}}:quarantine"


def dropped(partition: int) -> str:
    """The entries that will never be projected."""
    return f"{{{partition}}}:dropped"


def deleted(partition: int) -> str:
    """The accounts that were deleted and are yet to be erased from the log."""
    return f"{{{partition}}}:deleted"


def presence(user_id: UUID | str) -> str:
    """Where the user's devices are connected."""
    return f"{{board}}:presence:{user_id}"


def node_sockets(node: str) -> str:
    """The sockets of a node."""
    return f"{{board}}:sockets:{node}"


def watch(user_id: UUID | str) -> str:
    """Whom a user watches, on any device."""
    return f"{{board}}:watch:{user_id}"


def watch_of(user_id: UUID | str, device: int) -> str:
    """Whom one device of a user watches."""
    return f"{{board}}:watch:{user_id}:{device}"


def inbox(node: str) -> str:
    """The node's inbox stream."""
    return f"{{board}}:inbox:{node}"


def inbox_count(node: str) -> str:
    """The number of entries ever appended to the node's inbox."""
    return f"{{board}}:inbox-count:{node}"


def limit_window(name: str, subject: str) -> str:
    """The sliding window of one limit and subject (a user, an address, a user name)."""
    return f"limit:{name}:{{{subject}}}"


def bucket(name: str, subject: str) -> str:
    """The token bucket of one limit and subject."""
    return f"bucket:{name}:{{{subject}}}"


def link(link_id: str) -> str:
    """The mailbox of two devices that are being linked."""
    return f"link:{{{link_id}}}"


LINK_NEWS: Final = "link-news"
"""Which link mailboxes were written."""


def grant(digest: str) -> str:
    """The rights of a grant, by its digest."""
    return f"grant:{{{digest}}}"


def cooldown(user_id: UUID | str) -> str:
    """Set while an evicted user is kept out."""
    return f"cooldown:{{{user_id}}}"


def override(user_id: UUID | str) -> str:
    """The operator's own limits for one user."""
    return f"override:{{{user_id}}}"


def leases(group: str) -> str:
    """Which worker holds each partition for one consumer group."""
    return f"{{{group}}}:leases"


def members(group: str) -> str:
    """The live workers of one consumer group."""
    return f"{{{group}}}:members"
