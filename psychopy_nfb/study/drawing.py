"""Draws who is in which arm, in blocks within strata, and seals it."""

from __future__ import annotations

import base64
import itertools
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.protocol.shown import FromSession
from psychopy_nfb.recording.sealing import check_cryptography, new_key_pair, sealed_text
from psychopy_nfb.settings import write_json
from psychopy_nfb.study.allocation import Allocation, program_cipher, slot_name
from psychopy_nfb.study.changes import drawn_from
from psychopy_nfb.study.donors import DonorPool
from psychopy_nfb.study.keys import write_key
from psychopy_nfb.study.plan import EVERYBODY, Study, StudyFolder, now

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of tokens: no letter that looks like a digit."""
TOKEN_LENGTH = 6
MOST_SLOTS = 10_000
NOTE = (
    "The program reads the arm of a token with program_key. This keeps everybody from learning an "
    "arm by accident. Who writes a program for it can read it."
)


def strata_of(study: Study) -> list[str]:
    """Return the names of all strata of a study."""
    rows = itertools.product(*study.strata.values())
    names = [
        ", ".join(f"{name}={level}" for name, level in zip(study.strata, row, strict=True))
        for row in rows
    ]
    return [name or EVERYBODY for name in names]


def block_randomised(
    shares: dict[str, int], slots: int, random: np.random.Generator, sizes: Sequence[int]
) -> list[str]:
    """Return the arms of so many people or a few more: each block has each arm by its share.

    Parameters
    ----------
    shares : dict of str: int
        Share of each arm.
    slots : int
        How many at least.
    random : Generator
        Draws the order within blocks, and the size of each.
    sizes : sequence of int
        Of blocks, in multiples of the sum of the shares.

    Examples
    --------
    >>> arms = block_randomised({"a": 1, "b": 2}, 9, np.random.default_rng(1), (1,))
    >>> [sorted(arms[at : at + 3]) for at in (0, 3, 6)]
    [['a', 'b', 'b'], ['a', 'b', 'b'], ['a', 'b', 'b']]
    """
    arms: list[str] = []
    while len(arms) < slots:
        times = int(random.choice(sizes))
        block = [arm for arm, share in shares.items() for _ in range(share * times)]
        arms += [block[place] for place in random.permutation(len(block))]
    return arms


def allocate(
    folder: StudyFolder,
    key: Path,
    passphrase: str,
    *,
    slots: int = 40,
    seed: int | None = None,
    sizes: Sequence[int] = (1, 2),
    donors: Path | None = None,
) -> bytes:
    """Draw and seal the allocation of a study.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    key : Path
        Where the key is written; not within the study's folder.
    passphrase : str
        What encrypts the key.
    slots : int
        People that each stratum has room for, at least.
    seed : int, optional
        Of what is drawn; None draws one.
    sizes : sequence of int
        Of blocks, in multiples of the sum of the arms' shares. Those of different size are drawn at
        random, so that nobody can foresee the last ones of a block.
    donors : Path, optional
        Folder of the sessions that yoked arms show.

    Returns
    -------
    bytes
        The key, for the print.

    Raises
    ------
    SettingsError, FileError
        If the study has one arm or an allocation already, the key would lie within its folder, or
        a donor does not have enough sessions.
    """
    study = folder.study
    check_cryptography("study", os.fspath(folder.path))
    check_number("slots", slots, at_least=1, at_most=MOST_SLOTS)
    if not study.blinded:
        raise SettingsError("arms", list(study.arms), "is one arm; there is nothing to allocate")
    key = Path(os.path.abspath(key))
    if key.is_relative_to(os.path.abspath(folder.path)):
        raise SettingsError(
            "key",
            os.fspath(key),
            "lies in the study's folder, where the experimenters would find it; keep it elsewhere",
        )
    with folder.lock("study", "Making the allocation"):
        if folder.allocation.exists():
            raise FileError(
                "study", os.fspath(folder.path), "has an allocation already, which must stay"
            )
        wants = any(isinstance(arm.shown, FromSession) for arm in study.arms.values())
        pool = DonorPool(folder, donors) if wants else None
        seed = secrets.randbits(53) if seed is None else seed
        random = np.random.default_rng(seed)
        shares = {name: arm.share for name, arm in study.arms.items()}
        drawn: dict[str, list[dict[str, Any]]] = {}
        tokens: set[str] = set()
        for stratum in strata_of(study):
            arms = block_randomised(shares, slots, random, sizes)
            lent = [None] * len(arms) if pool is None else pool.draw(len(arms), random)
            drawn[stratum] = [
                {"token": _new_token(tokens), "arm": arm, "donor": donor}
                for arm, donor in zip(arms, lent, strict=True)
            ]
        private, public = new_key_pair()
        write_key(private, key, passphrase, study.id, study.name)
        program_key = secrets.token_bytes(32)
        whole = json.dumps({"seed": seed, "sizes": list(sizes), "slots": drawn}).encode()
        write_json(
            {
                "note": NOTE,
                "study": study.id,
                "made": now(),
                "drawn_from": drawn_from(study),
                "public": public.hex(),
                "donors": None if pool is None else pool.place,
                "program_key": base64.b64encode(program_key).decode(),
                "slots": _sealed_slots(drawn, program_key, study.id),
                "whole": base64.b64encode(
                    sealed_text(whole, public, f"{study.id} allocation")
                ).decode(),
            },
            folder.allocation,
        )
        _give_tokens(folder)
    return private


def _new_token(taken: set[str]) -> str:
    while True:
        token = "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_LENGTH))
        if token not in taken:
            taken.add(token)
            return token


def _sealed_slots(
    drawn: dict[str, list[dict[str, Any]]], key: bytes, study: str
) -> dict[str, list[dict[str, str]]]:
    """Return each token with its arm, encrypted, all of the same length."""
    texts = {
        slot["token"]: json.dumps({"arm": slot["arm"], "donor": slot["donor"]}).encode()
        for row in drawn.values()
        for slot in row
    }
    longest = max(map(len, texts.values()))
    sealed = {}
    for stratum, row in drawn.items():
        sealed[stratum] = []
        for token in (slot["token"] for slot in row):
            nonce = secrets.token_bytes(12)
            text = program_cipher(key).encrypt(
                nonce, texts[token].ljust(longest), slot_name(study, stratum, token)
            )
            one = {"token": token, "sealed": base64.b64encode(nonce + text).decode()}
            sealed[stratum].append(one)
    return sealed


def _give_tokens(folder: StudyFolder) -> None:
    """Give tokens to those who were added before there were any, and still take part."""
    study, allocation = folder.study, Allocation.read(folder)
    for person in study.participants.values():
        if person.token is None and person.withdrawn is None:
            used = {one.token for one in study.participants.values()}
            person.token = allocation.next_token(study.stratum(person.stratum), used)
    write_json(study, folder.file)
