"""Records that a program can write and cannot read: sealed for the holder of a key.

Each process that writes makes a key of its own (X25519), from which and the public key of whoever
may read it derives what it encrypts with (HKDF, AES-GCM) and then forgets it. A record that was
changed, left out or moved, also from another file, is noticed when it is opened.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from psychopy_nfb.errors import FileError, cause

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED_MAGIC = b"NFBSEAL1"
"""First bytes of a sealed file."""
_KEY, _RECORD = b"K", b"R"
_LENGTH = struct.Struct("<I")
KEY_BYTES = 32
CHANGED = (
    "cannot be opened: the key belongs to another study, or the file was changed, renamed or "
    "damaged; nothing of it is opened"
)
HOW_TO_INSTALL = 'needs a package that is not installed; run: pip install "psychopy-nfb[study]"'


def check_cryptography(parameter: str, value: object) -> None:
    """Refuse to go on without the package that seals.

    Raises
    ------
    FileError
        If it is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise FileError(parameter, value, HOW_TO_INSTALL) from None


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a private key, which opens, and its public key, which seals; 32 bytes each."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    private = X25519PrivateKey.generate()
    return (
        private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()),
        private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
    )


def public_of(private: bytes) -> bytes:
    """Return the public key that belongs to a private one."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = X25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _cipher(private: bytes, public: bytes, passing: bytes, about: bytes) -> AESGCM:
    """Return what encrypts with the key that both sides can derive."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import (
        X25519PrivateKey,
        X25519PublicKey,
    )
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    shared = X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(public)
    )
    key = HKDF(SHA256(), KEY_BYTES, salt=passing, info=SEALED_MAGIC + about).derive(shared)
    return AESGCM(key)


class Sealer:
    """Seals records one after the other.

    Parameters
    ----------
    public : bytes
        Of whoever may open them.
    about : str
        What they belong to; they open as this only.

    Attributes
    ----------
    head : bytes
        What stands before the records in the file.
    """

    def __init__(self, public: bytes, about: str):
        private, passing = new_key_pair()
        self._cipher = _cipher(private, public, passing, about.encode())
        self._number = 0
        self.head: bytes = _KEY + passing

    def seal(self, record: bytes) -> bytes:
        """Return the record as it stands in the file: 21 bytes longer."""
        nonce = self._number.to_bytes(12, "big")  # never twice with this key
        self._number += 1
        sealed = self._cipher.encrypt(nonce, record, None)
        return _RECORD + _LENGTH.pack(len(sealed)) + sealed


def sealed_text(text: bytes, public: bytes, about: str) -> bytes:
    """Return one text, sealed with all that stands before it."""
    sealer = Sealer(public, about)
    return SEALED_MAGIC + sealer.head + sealer.seal(text)


def opened_records(sealed: bytes, private: bytes, about: str, where: str) -> Iterator[bytes]:
    """Yield the records of a sealed file.

    What a killed process left of its last one is passed over.

    Parameters
    ----------
    sealed : bytes
        The file's content.
    private : bytes
        The key.
    about : str
        What they belong to.
    where : str
        The file's name, for the message.

    Raises
    ------
    FileError
        If it is no such file, the key is another one's, or something was changed.
    """
    from cryptography.exceptions import InvalidTag

    if not sealed.startswith(SEALED_MAGIC):
        raise FileError("file", where, "is no sealed file")
    at, cipher, number = len(SEALED_MAGIC), None, 0
    while at < len(sealed):
        kind, at = sealed[at : at + 1], at + 1
        if kind == _KEY:
            passing = sealed[at : at + KEY_BYTES]
            at += KEY_BYTES
            if len(passing) < KEY_BYTES:
                return
            cipher, number = _cipher(private, passing, passing, about.encode()), 0
            continue
        if kind != _RECORD or cipher is None:
            raise FileError("file", where, CHANGED)
        if at + _LENGTH.size > len(sealed):
            return
        (length,) = _LENGTH.unpack_from(sealed, at)
        at += _LENGTH.size
        if at + length > len(sealed):
            return
        try:
            yield cipher.decrypt(number.to_bytes(12, "big"), sealed[at : at + length], None)
        except InvalidTag:
            raise FileError("file", where, CHANGED) from None
        at, number = at + length, number + 1


def whole_length(path: str | os.PathLike[str]) -> int:
    """Return up to where a sealed file holds whole records: a kill may have torn the last one."""
    sealed = Path(path).read_bytes()
    at = len(SEALED_MAGIC) if sealed.startswith(SEALED_MAGIC) else 0
    while at < len(sealed):
        kind = sealed[at : at + 1]
        if kind == _KEY:
            end = at + 1 + KEY_BYTES
        elif at + 1 + _LENGTH.size <= len(sealed):
            end = at + 1 + _LENGTH.size + _LENGTH.unpack_from(sealed, at + 1)[0]
        else:
            break
        if end > len(sealed):
            break
        at = end
    return at


def open_to_append(path: str | os.PathLike[str], append: bool) -> BinaryIO:
    """Open a sealed file for writing, after the last whole record where it is gone on with.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    try:
        if append and os.path.exists(path):
            os.truncate(path, whole_length(path))
            return open(path, "ab")
        file = open(path, "xb")
        file.write(SEALED_MAGIC)
        return file
    except OSError as error:
        raise FileError("file", os.fspath(path), f"cannot be written: {cause(error)}") from None
