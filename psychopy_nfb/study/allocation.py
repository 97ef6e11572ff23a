"""Who is in which arm, sealed.

The experiment must know the arm, so the allocation can be read by the program, and not by eye: each
token's arm is encrypted with a key that lies beside it. The whole list, with its seed, can be read
with the study's own key only.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.reading import reading
from psychopy_nfb.recording.sealing import check_cryptography, opened_records
from psychopy_nfb.settings import read_plain_json
from psychopy_nfb.study.plan import StudyFolder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass
class Slot:
    """What a token stands for."""

    arm: str
    """Name of the arm."""
    donor: str | None = None
    """Whose sessions a yoked arm would show, whatever the arm is; None without such arms."""


@dataclass
class Allocation:
    """A sealed allocation, as its file has it."""

    path: Path
    """The file."""
    study: str
    """Id of the study."""
    public: bytes
    """Seals what the sessions keep secret."""
    donors: str | None
    """Folder with the donors' sessions, as seen from the study's folder."""
    slots: dict[str, list[dict[str, str]]]
    """By stratum: ``token`` and ``sealed``, in the order in which they are given away."""
    program_key: bytes
    """What the program reads them with."""
    whole: bytes
    """The list with its seed, for the key only."""

    @classmethod
    def read(cls, folder: StudyFolder) -> Allocation:
        """Read the allocation of a study.

        Raises
        ------
        FileError
            If there is none, or it was changed.
        """
        path = folder.allocation
        if not path.exists():
            raise FileError(
                "study",
                os.fspath(folder.path),
                "has several arms and no allocation; a third person makes one with "
                f"psychopy-nfb study allocate {folder.path}",
            )
        check_cryptography("study", os.fspath(folder.path))
        content = read_plain_json(path)
        with reading(path, "allocation", "as an allocation"):
            read = cls(
                path,
                content["study"],
                bytes.fromhex(content["public"]),
                content["donors"],
                content["slots"],
                base64.b64decode(content["program_key"]),
                base64.b64decode(content["whole"]),
            )
        if read.study != folder.study.id:
            raise FileError("allocation", os.fspath(path), "belongs to another study")
        return read

    def next_token(self, stratum: str, used: Iterable[str | None]) -> str:
        """Return the first token of a stratum that nobody has.

        Raises
        ------
        SettingsError
            If there is none any more.
        """
        taken = set(used)
        for slot in self.slots.get(stratum, []):
            if slot["token"] not in taken:
                return slot["token"]
        raise SettingsError(
            "stratum",
            stratum,
            "has no token left; whoever made the allocation must have allowed for fewer people",
        )

    def slot(self, token: str | None, stratum: str) -> Slot:
        """Return what a token stands for: for the program, not for people.

        Raises
        ------
        FileError
            If there is no such token in the stratum, or the file was changed.
        """
        from cryptography.exceptions import InvalidTag

        sealed = {one["token"]: one["sealed"] for one in self.slots.get(stratum, [])}.get(token)
        problem = FileError(
            "allocation",
            os.fspath(self.path),
            f"does not have the token {token} in the stratum {stratum}, or was changed; restore "
            "it from a copy",
        )
        if sealed is None:
            raise problem
        content = base64.b64decode(sealed)
        try:
            text = program_cipher(self.program_key).decrypt(
                content[:12], content[12:], slot_name(self.study, stratum, token)
            )
        except InvalidTag:
            raise problem from None
        return Slot(**json.loads(text))

    def listed(self, private: bytes) -> dict[str, list[dict[str, Any]]]:
        """Return all slots with their arms, opened by the key and compared with what is used.

        Raises
        ------
        FileError
            If the key does not fit, or the file was changed.
        """
        about = f"{self.study} allocation"
        (text,) = opened_records(self.whole, private, about, self.path.name)
        slots = json.loads(text)["slots"]
        same = slots.keys() == self.slots.keys() and all(
            len(slots[stratum]) == len(self.slots[stratum]) for stratum in slots
        )
        for stratum, row in slots.items() if same else ():
            for slot, used in zip(row, self.slots[stratum], strict=True):
                read = self.slot(used["token"], stratum)
                same = same and slot == {"token": used["token"], **vars(read)}
        if not same:
            raise FileError(
                "allocation",
                os.fspath(self.path),
                "was changed since it was made: what it says and what the key opens differ; "
                "nothing was opened",
            )
        return slots


def program_cipher(key: bytes) -> AESGCM:
    """Return what the program reads and writes slots with."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def slot_name(study: str, stratum: str, token: str) -> bytes:
    """Return what a slot belongs to: it opens as this only."""
    return f"{study} {stratum} {token}".encode()
