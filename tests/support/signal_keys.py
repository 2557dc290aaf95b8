"""Signal keys as a client makes them: X25519 key pairs and XEdDSA signatures (Signal's XEdDSA paper, 2.4).

Written out over plain integers, so that what the relay verifies was not made with what it verifies by.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cache

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def _base() -> Point:
    y = 4 * pow(5, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = x if x % 2 == 0 else P - x
    return x, y, 1, x * y % P


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


@cache
def _multiples() -> list[list[Point]]:
    """Of the base point: 0 to 15 times 16**n, for every hexadecimal digit n of a scalar."""
    rows, step = [], _base()
    for _ in range(64):
        row = [(0, 1, 1, 0)]
        for _ in range(16):
            row.append(_add(row[-1], step))
        step = row.pop()
        rows.append(row)
    return rows


def _times(scalar: int) -> Point:
    result = (0, 1, 1, 0)
    for row in _multiples():
        result = _add(result, row[scalar & 15])
        scalar >>= 4
    return result


def _encoded(point: Point) -> tuple[bytes, int]:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little"), x & 1


@dataclass(frozen=True)
class KeyPair:
    """A Curve25519 key pair; `public` is Signal's serialised form (33 bytes)."""

    private: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def scalar(self) -> int:
        clamped = bytearray(self.private)
        clamped[0] &= 248
        clamped[31] = clamped[31] & 127 | 64
        return int.from_bytes(clamped, "little")

    @property
    def public(self) -> bytes:
        _, y, z, _ = _times(self.scalar)
        u = (z + y) * pow(z - y, -1, P) % P
        return b"\x05" + u.to_bytes(32, "little")

    def sign(self, message: bytes) -> bytes:
        """XEdDSA as libsignal does it: the sign of the Edwards key in the signature's top bit."""
        key, sign = _encoded(_times(self.scalar))
        secret = self.scalar.to_bytes(32, "little")
        nonce = hashlib.sha512(b"\xfe" + b"\xff" * 31 + secret + message + secrets.token_bytes(64)).digest()
        r = int.from_bytes(nonce, "little") % Q
        encoded_r, _ = _encoded(_times(r))
        h = int.from_bytes(hashlib.sha512(encoded_r + key + message).digest(), "little") % Q
        signature = bytearray(encoded_r + ((r + h * self.scalar) % Q).to_bytes(32, "little"))
        signature[63] |= sign << 7
        return bytes(signature)
