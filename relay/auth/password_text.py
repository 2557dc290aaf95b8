"""One password, however it was typed: RFC 8265 (OpaqueString).

Invariant: two ways to write one text (composed and decomposed letters, kinds of spaces) are one password.
No password that the contract allows is refused: where OpaqueString forbids a character (joined emoji), only
the normalisation is applied.
"""

import unicodedata
from typing import Final

from precis_i18n import get_profile

_PROFILE: Final = get_profile("OpaqueString")


def prepared(password: str) -> str:
    """The text that is hashed."""
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in password)
        return unicodedata.normalize("NFC", spaced)


def candidates(password: str) -> list[str]:
    """The texts that may have been hashed: the prepared one, and those of hashes from before."""
    return list(dict.fromkeys([prepared(password), password, unicodedata.normalize("NFD", password)]))
