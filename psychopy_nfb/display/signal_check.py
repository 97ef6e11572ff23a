"""A page that shows live which channels are good, before a run begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.channel_page import ChannelPage

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback


SILENT_SECONDS = 1.0
"""Age of the newest sample from which on the last verdicts say nothing of the channels any more."""


@dataclass(frozen=True)
class SignalCheckResult:
    """How the channels were at the end."""

    bad: dict[str, str]
    """Label of each bad channel: the reason. Empty also where nothing was `judged`."""
    escaped: bool
    """Whether Escape was pressed: end the experiment."""
    judged: bool
    """Whether any channel was judged. None is when the check is left before the first result, when
    no samples arrive, and when the stream has no EEG channel."""


def show_signal_check(
    nfb: Neurofeedback,
    win: Window,
    *,
    key: str = "space",
    wait: float | None = None,
    text: str = "Signal check",
) -> SignalCheckResult:
    """Show each channel as good or bad until a key is pressed, with what to do about the bad ones.

    Each channel has a sign (disc: good, cross: bad, ring: no EEG), its label, its amplitude in
    microvolts and the last two seconds of its signal; electrodes of the 10-20 system are shown on a
    head too. Bad channels are named with reason and remedy. What counts as good is in
    `psychopy_nfb.dsp.ChannelQuality`. The first result comes after two seconds; until then the key
    has no effect, unless no samples arrive.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown, in any units and on any colour.
    key : str
        Ends it.
    wait : float, optional
        Seconds after which it ends by itself, to run unattended; None waits for the key.
    text : str
        Title of the page; ``{key}`` is replaced by the key's name.

    Returns
    -------
    SignalCheckResult

    Raises
    ------
    SettingsError
        If `wait` is no number of seconds, 0 or more.
    """
    from psychopy import event

    if wait is not None:
        check_number("wait", wait, at_least=0, unit="s")
    page = ChannelPage(win, text.replace("{key}", key), key)
    nfb.watch_channels(True)
    escaped = False
    event.clearEvents()
    try:
        with nfb.block("signal check", feedback=False):
            for _ in nfb.frames(math.inf if wait is None else wait):
                page.show(nfb.channels, nfb.channel_traces, nfb.stale)
                page.draw()
                pressed = event.getKeys()
                escaped = "escape" in pressed
                # Pressed once too often on the screen before, the key would end an unseen check.
                if escaped or key in pressed and (nfb.channels or nfb.stale):
                    break
        verdicts = nfb.channels
        page.show(verdicts, nfb.channel_traces, nfb.stale)
        judged = any(verdict.judged for verdict in verdicts)
        judged = judged and not (nfb.stale and nfb.age > SILENT_SECONDS)
        bad = {one.label: one.reason for one in verdicts if judged and not one.good}
        how = "not judged" if not judged else ", ".join(bad) + " bad" if bad else "all good"
        nfb.mark(f"signal check: {how}")
        nfb.update()
        page.draw()
        win.flip()  # the mark goes with a flip
    finally:
        nfb.watch_channels(False)
    return SignalCheckResult(bad, escaped or nfb.aborted, judged)
