"""The key of a study: a file with a passphrase, and the same key on paper.

The key opens what is sealed. The file holds it encrypted (AES-GCM) by a passphrase (scrypt with a
salt); the print holds it as it is, for an envelope in a locked cupboard.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from psychopy_nfb.errors import FileError, NfbError, SettingsError
from psychopy_nfb.recording.sealing import public_of
from psychopy_nfb.settings import read_plain_json, write_json

SHORTEST_PASSPHRASE = 8
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}
"""32 MB and a tenth of a second for each passphrase that is tried (RFC 7914)."""
_CHECK_BYTES = 3
_GROUP = 4


def _cipher(passphrase: str, salt: bytes, n: int, r: int, p: int) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return AESGCM(Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode()))


def write_key(private: bytes, path: Path, passphrase: str, study: str, name: str) -> None:
    """Write the key of a study to a file, encrypted by a passphrase.

    Raises
    ------
    SettingsError
        If the passphrase is too short.
    FileError
        If there is such a file already, or it cannot be written.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise SettingsError(
            "passphrase", "", f"must have at least {SHORTEST_PASSPHRASE} characters"
        )
    if path.exists():
        raise FileError("key", os.fspath(path), "is there already; name a new file")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = _cipher(passphrase, salt, **_SCRYPT).encrypt(nonce, private, study.encode())
    write_json(
        {
            "what": f"Key of the study {name}. It tells who is in which arm: keep it away from "
            "everybody who meets participants.",
            "study": study,
            "scrypt": {"salt": salt.hex(), **_SCRYPT},
            "nonce": nonce.hex(),
            "key": sealed.hex(),
        },
        path,
    )


def read_key(path: str | os.PathLike[str], passphrase: str, study: str, public: bytes) -> bytes:
    """Return the key of a study.

    Raises
    ------
    FileError
        If the file is another study's, the passphrase is wrong, or the file was changed.
    """
    from cryptography.exceptions import InvalidTag

    content = read_plain_json(path)
    where = os.fspath(path)
    try:
        if content["study"] != study:
            raise FileError("key", where, "is the key of another study; nothing was opened")
        kdf = {name: int(content["scrypt"][name]) for name in _SCRYPT}
        if kdf != _SCRYPT:  # a changed file could ask for any time and memory
            raise ValueError
        salt = bytes.fromhex(content["scrypt"]["salt"])
        cipher = _cipher(passphrase, salt, **kdf)
        nonce, sealed = bytes.fromhex(content["nonce"]), bytes.fromhex(content["key"])
        private = cipher.decrypt(nonce, sealed, study.encode())
    except NfbError:
        raise
    except (KeyError, TypeError, ValueError):
        raise FileError("key", where, "is no key of a study; nothing was opened") from None
    except InvalidTag:
        raise FileError(
            "key", where, "does not open: the passphrase is wrong, or the file was changed"
        ) from None
    return _checked(private, public, "key", where)


def printed(private: bytes) -> str:
    """Return the key for a print, in groups of four letters and digits, the last ones a check.

    Examples
    --------
    >>> printed(bytes(32))[:14]
    'AAAA-AAAA-AAAA'
    """
    check = hashlib.sha256(private).digest()[:_CHECK_BYTES]
    text = base64.b32encode(private + check).decode().rstrip("=")
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def from_print(text: str, public: bytes) -> bytes:
    """Return the key that was typed from a print.

    Raises
    ------
    SettingsError
        If it has a typing error, or is another study's.
    """
    letters = "".join(text.upper().split()).replace("-", "")
    try:
        content = base64.b32decode(letters + "=" * (-len(letters) % 8))
        private, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
        if len(private) != 32 or hashlib.sha256(private).digest()[:_CHECK_BYTES] != check:
            raise ValueError
    except ValueError:
        raise SettingsError(
            "backup", "", "has a typing error; compare it with the print; nothing was opened"
        ) from None
    return _checked(private, public, "backup", "")


def _checked(private: bytes, public: bytes, parameter: str, value: str) -> bytes:
    if public_of(private) != public:
        raise FileError(parameter, value, "is the key of another allocation; nothing was opened")
    return private
