"""Marks of the experiment sent out at the flip: over LSL, UDP, a serial or a parallel port."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from psychopy_nfb.checks import check_number
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError, SettingsError, cause
from psychopy_nfb.reading import read_text
from psychopy_nfb.recording.text import safe_text

logger: logging.Logger = logging.getLogger(__name__)

LAST_SECONDS = 0.1
CLOSE_SECONDS = 2.0
"""How long the end may wait for a port that hangs."""
PULSE_SECONDS = 0.01
"""How long a port holds a code before it goes back to 0."""


def read_codes(source: Mapping[str, int] | str | os.PathLike[str]) -> dict[str, int]:
    """Return a code table: which number stands for which mark.

    Parameters
    ----------
    source : mapping or path
        Labels and codes, or a JSON file that holds them, or a CSV file with the columns ``label``
        and ``code``.

    Raises
    ------
    FileError
        If the file cannot be read.
    SettingsError
        If a label or a code is there twice, or a code is none from 1 to 255.

    Examples
    --------
    >>> read_codes({"training": 10, "rest": 20})
    {'training': 10, 'rest': 20}
    """
    if isinstance(source, Mapping):
        pairs = list(source.items())
    elif Path(source).suffix == ".csv":
        rows = csv.DictReader(io.StringIO(read_text(source, "codes")))
        try:
            if not {"label", "code"} <= set(rows.fieldnames or ()):
                raise KeyError
            pairs = [(row["label"], row["code"]) for row in rows]
        except (KeyError, csv.Error):
            raise FileError(
                "codes", os.fspath(source), "must have the columns label and code"
            ) from None
    else:
        pairs = _json_pairs(source)
    table: dict[str, int] = {}
    for label, code in pairs:
        number = int(code) if str(code).isdecimal() else 0
        if not 1 <= number <= 255:
            raise SettingsError(f"codes.{label}", code, "must be a whole number from 1 to 255")
        if label in table:
            raise SettingsError("codes", label, "occurs twice; give each mark one code")
        if number in table.values():
            other = next(name for name, one in table.items() if one == number)
            raise SettingsError(f"codes.{label}", number, f"is the code of {other!r} already")
        table[str(label)] = number
    return table


def _json_pairs(path: str | os.PathLike[str]) -> list[tuple[str, object]]:
    """Return a JSON object's names and values, also those that are there twice."""
    text = read_text(path, "codes")
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise FileError("codes", os.fspath(path), f"is not valid JSON ({cause(error)})") from None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise FileError("codes", os.fspath(path), "must hold labels and their codes")
    return pairs


class LSLMarkers:
    """A stream of type ``Markers``; each mark has the time of its flip as its stamp.

    Parameters
    ----------
    name : str
        Of the stream.
    """

    def __init__(self, name: str = "psychopy_nfb_marks"):
        from psychopy_nfb.lsl.markers import OWN_SOURCE_ID
        from psychopy_nfb.lsl.outlet import make_marker_outlet

        self.name = name
        self._outlet = make_marker_outlet(name, OWN_SOURCE_ID)
        self._n_sent = 0

    def send(self, label: str, t_flip: float) -> None:
        """Send a mark; runs in the flip and never raises."""
        self._outlet.push_sample([safe_text(label)], t_flip)
        self._n_sent += 1

    def close(self) -> dict[str, object]:
        """End the stream; return how many were sent. Harmless when called again."""
        if self._outlet is not None and self._n_sent:
            time.sleep(LAST_SECONDS)  # an outlet that goes takes along what it has not sent yet
        self._outlet = None
        return {"to": f"LSL {self.name}", "sent": self._n_sent}


class _Port:
    """What may take its time: a thread sends, and notes how long after the flip it did."""

    def __init__(self, to: str):
        self._to = to
        self._delays: list[float] = []
        self._failed: str | None = None
        self._queue: queue.SimpleQueue[tuple[str, float] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"marks {to}", daemon=True)
        self._thread.start()

    def send(self, label: str, t_flip: float) -> None:
        """Queue a mark; runs in the flip, never waits and never raises."""
        self._queue.put((label, t_flip))

    def close(self) -> dict[str, object]:
        """Send what is left; return what was sent and how late. Harmless when called again."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(CLOSE_SECONDS)
            self._close_port()
        delays = [1e3 * delay for delay in self._delays]
        return {
            "to": self._to,
            "sent": len(delays),
            "delay_ms_median": median(delays) if delays else None,
            "delay_ms_max": max(delays, default=None),
            "failed": self._failed,
        }

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            label, t_flip = item
            try:
                self._write(label)
                self._delays.append(lsl_now() - t_flip)
                self._after()
            except Exception as error:
                if self._failed is None:
                    self._failed = f"{label}: {error}"
                    logger.error("A mark could not be sent to %s: %s", self._to, error)

    def _write(self, label: str) -> None:
        raise NotImplementedError

    def _after(self) -> None:
        """Do what follows a mark that was sent."""

    def _close_port(self) -> None:
        """Give the port back."""


class UDPMarkers(_Port):
    """A datagram for each mark, its label as UTF-8.

    Parameters
    ----------
    host, port : str, int
        Who receives them.
    """

    def __init__(self, host: str, port: int):
        self._address = (host, int(check_number("port", port, at_least=1, at_most=65535)))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        super().__init__(f"UDP {host}:{port}")

    def _write(self, label: str) -> None:
        self._socket.sendto(safe_text(label).encode(), self._address)

    def _close_port(self) -> None:
        self._socket.close()


class _CodePort(_Port):
    """A port that takes a code and goes back to 0 after a pulse; reports unknown labels once."""

    def __init__(self, to: str, codes: Mapping[str, int] | str | os.PathLike[str], pulse: float):
        self._codes = read_codes(codes)
        self._pulse = check_number("pulse", pulse, at_least=0, unit="s")
        super().__init__(to)

    def _write(self, label: str) -> None:
        if label not in self._codes:
            raise SettingsError("codes", label, "is not in the code table; add it")
        self._set(self._codes[label])

    def _after(self) -> None:
        if self._pulse:
            time.sleep(self._pulse)
            self._set(0)

    def _set(self, code: int) -> None:
        raise NotImplementedError


class SerialMarkers(_CodePort):
    """One byte to a serial port for each mark, and 0 after a pulse.

    Parameters
    ----------
    port : str
        ``"COM3"``, ``"/dev/ttyUSB0"``.
    codes : mapping or path
        See `read_codes`.
    baudrate : int
        Of the port.
    pulse : float
        Seconds until the 0 follows; 0 for none.

    Raises
    ------
    SettingsError
        If the port cannot be opened.
    """

    def __init__(
        self,
        port: str,
        codes: Mapping[str, int] | str | os.PathLike[str],
        baudrate: int = 115200,
        pulse: float = PULSE_SECONDS,
    ):
        import serial  # comes with PsychoPy

        codes = read_codes(codes)
        try:
            self._serial = serial.Serial(port, baudrate, write_timeout=1.0)
        except (OSError, ValueError) as error:
            raise SettingsError("port", port, f"cannot be opened ({error})") from None
        super().__init__(f"serial {port}", codes, pulse)

    def _set(self, code: int) -> None:
        self._serial.write(bytes([code]))
        self._serial.flush()

    def _close_port(self) -> None:
        self._serial.close()


class ParallelMarkers(_CodePort):
    """A code on the data pins of a parallel port for each mark, and 0 after a pulse.

    Parameters
    ----------
    address : int or str
        Of the port, as `psychopy.parallel.ParallelPort` takes it.
    codes : mapping or path
        See `read_codes`.
    pulse : float
        Seconds until the 0 follows; 0 for none.
    """

    def __init__(
        self,
        address: int | str,
        codes: Mapping[str, int] | str | os.PathLike[str],
        pulse: float = PULSE_SECONDS,
    ):
        from psychopy import parallel

        self._port = parallel.ParallelPort(address)
        super().__init__(f"parallel {address}", codes, pulse)

    def _set(self, code: int) -> None:
        self._port.setData(code)
