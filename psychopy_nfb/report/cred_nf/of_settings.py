"""What the settings say of how the feedback was made: artifacts, features, rewards, apparatus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psychopy_nfb.protocol.version_0_1 import converted_settings, is_older
from psychopy_nfb.recording.blinding import is_sealed, lag_is_sealed
from psychopy_nfb.report.bids.blinding import tells_what_was_shown
from psychopy_nfb.report.cred_nf.said import Said
from psychopy_nfb.report.numbers import counted, percent

if TYPE_CHECKING:
    from psychopy_nfb.analysis import HeldSummary
    from psychopy_nfb.report.cred_nf.recording import Recording

ARTIFACT_STEPS = (
    *("ArtifactGate", "ASR", "BadChannels", "CarbonWireLoops", "GradientTemplate", "Repair"),
    *("Notch", "DCBlock", "HighPass"),
)
"""Steps of signal processing that find or take away what is no brain signal."""
LEARNED = ("spectrum", "weights", "patterns", "calibration", "matrix", "baseline", "percentiles")
"""What steps learned from a person: too long for a sentence, and another one in each session."""
LONGEST = 12
"""Numbers of a list that are written out."""


def of_settings(sessions: list[Recording]) -> dict[str, Said]:
    """Return what there is to say of items 3d and 4a to 4e."""
    configurations = [_configuration(session) for session in sessions]
    different = _variants(configurations)
    first = configurations[0]
    found = {
        "3d": _artifacts(first),
        "4a": _features(first, sessions),
        "4b": _rewards(first, sessions),
        "4c": _modality(sessions),
        "4d": _displayed(sessions),
        "4e": _apparatus(sessions),
    }
    if different > 1:
        told = (
            f"The recordings have {different} different settings; these are of "
            f"{sessions[0].files.stem.name}."
        )
        for name in ("3d", "4a", "4b"):
            found[name].sentences.insert(0, told)
    for name in ("3d", "4a", "4b"):
        found[name].values["variants"] = different
    return found


def _configuration(session: Recording) -> dict[str, Any]:
    """Return the settings with which a session began, in the terms of today."""
    settings = session.settings
    found = settings.get("configuration_at_start") or settings.get("configuration") or {}
    return converted_settings(found) if is_older(found) else found


def _variants(configurations: list[dict[str, Any]]) -> int:
    """Return how many different trainings there are, whatever was learned from people."""

    def plain(content: Any) -> Any:
        if isinstance(content, dict):
            return {name: plain(one) for name, one in content.items() if name not in LEARNED}
        return [plain(one) for one in content] if isinstance(content, list) else content

    parts = [{name: one.get(name) for name in ("signals", "reward")} for one in configurations]
    return len({json.dumps(plain(part), sort_keys=True) for part in parts})


def step_words(step: Mapping[str, Any]) -> str:
    """Return a step of signal processing in words: its name and settings.

    Examples
    --------
    >>> step_words({"type": "Pick", "channels": ["Oz"], "exclude": []})
    'Pick (channels Oz)'
    >>> step_words({"type": "WCFIR", "band": [8.0, 12.0], "delay": 0.01, "spectrum": [1, 2]})
    'WCFIR (band 8, 12; delay 0.01)'
    """
    told = []
    for name, value in step.items():
        if name == "type" or name in LEARNED or value in (None, [], {}, False, ""):
            continue
        if isinstance(value, list):
            if len(value) > LONGEST or any(isinstance(one, list | dict) for one in value):
                continue
            value = ", ".join(_word(one) for one in value)
        elif isinstance(value, dict):
            continue
        told.append(f"{name} {_word(value)}")
    return f"{step.get('type', '?')} ({'; '.join(told)})" if told else str(step.get("type", "?"))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _signals(configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return configuration.get("signals") or {}


def _steps(signal: dict[str, Any]) -> list[dict[str, Any]]:
    steps = (signal.get("pipeline") or {}).get("steps") or []
    return [step for step in steps if isinstance(step, dict)]


def _artifacts(configuration: dict[str, Any]) -> Said:
    said, values = [], {}
    for name, signal in _signals(configuration).items():
        steps = [one for one in _steps(signal) if one.get("type") in ARTIFACT_STEPS]
        values[name] = [one["type"] for one in steps]
        listed = ", ".join(map(step_words, steps)) or "none"
        said.append(f"Signal {name}: {listed}.")
    signals = _signals(configuration)
    inhibits = [name for name, one in signals.items() if one.get("role") == "inhibit"]
    if inhibits:
        said.append(f"No reward was given while {', '.join(inhibits)} was beyond its threshold.")
    hold = next(iter(signals.values()), {}).get("display_hold")
    for_ = "" if hold is None else f" for at most {_word(hold)} s"
    said.append(
        "During an artifact or a gap no reward is given, and what is shown keeps its last value"
        f"{for_}."
    )
    return Said(said, {"steps": values, "inhibits": inhibits})


def _features(configuration: dict[str, Any], sessions: list[Recording]) -> Said:
    said, values = [], {}
    for name, signal in _signals(configuration).items():
        steps = " → ".join(map(step_words, _steps(signal)))
        compared = {
            "zscore": "in standard deviations of the baseline",
            "percent": "in percent of the baseline's mean",
            "max": "as a share of the baseline's maximum",
        }.get(str(signal.get("normalise")), "as it is, without a baseline")
        role, way = signal.get("role", "reward"), signal.get("direction", "up")
        said.append(f"Signal {name} ({role}, trained {way}): {steps}; {compared}.")
        types = [step.get("type") for step in _steps(signal)]
        values[name] = {"role": role, "direction": way, "steps": types}
    delays = sorted({round(1e3 * session.settings.get("delay", np.nan), 3) for session in sessions})
    known = [one for one in delays if np.isfinite(one)]
    if known:
        listed = " to ".join(f"{one:.1f}" for one in dict.fromkeys((known[0], known[-1])))
        said.append(f"Declared delay of the signal processing: {listed} ms.")
    return Said(said, {"signals": values, "delays_ms": known})


def _rewards(configuration: dict[str, Any], sessions: list[Recording]) -> Said:
    said, thresholds = [], {}
    for name, signal in _signals(configuration).items():
        threshold, kind = signal.get("threshold"), signal.get("threshold_kind", "fixed")
        if isinstance(threshold, dict):
            rule = step_words(threshold)
        else:
            rule = f"{kind} at {_word(threshold)}"
        thresholds[name] = rule
        said.append(f"Threshold of {name}: {rule}.")
    reward = configuration.get("reward") or {}
    schedule = reward.get("schedule")
    schedule = schedule if isinstance(schedule, dict) else {"type": "Continuous"}
    said.append(
        f"Reward after {_word(reward.get('dwell', 0.0))} s beyond the threshold, schedule "
        f"{step_words(schedule)}, mode {reward.get('mode', 'hit')}, "
        f"{counted(float(reward.get('points', 1.0)), 'point')} each."
    )
    if reward.get("refractory"):
        said.append(f"Rewards are at least {_word(reward['refractory'])} s apart.")
    changed, live = _set_live(sessions)
    said += changed
    return Said(said, {"thresholds": thresholds, "reward": reward, "set_live": live})


def _set_live(sessions: list[Recording]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Return what was set by hand or by the experiment while sessions ran."""
    values: dict[str, list[Any]] = {}
    times: dict[str, set[str]] = {}
    for session in sessions:
        first = next(iter(_signals(_configuration(session))), "")
        for text in session.events[session.events.trial_type == "set"].detail:
            detail = json.loads(text)
            signal = detail.pop("signal", None) or first
            detail.pop("source", None)
            for name, value in detail.items():
                what = f"threshold of {signal}" if name == "threshold" else name
                values.setdefault(what, []).append(value)
                times.setdefault(what, set()).add(session.files.stem.name)
    said, live = [], {}
    for what, given in values.items():
        numbers = [one for one in given if isinstance(one, int | float)]
        live[what] = {"times": len(given), "recordings": len(times[what])}
        span = ""
        if numbers:
            live[what] |= {"low": min(numbers), "high": max(numbers)}
            span = f", to {_word(min(numbers))}"
            if max(numbers) > min(numbers):
                span += f" at the least and {_word(max(numbers))} at the most"
        said.append(
            f"Set while a session ran: {what}, {counted(len(given), 'time')} in "
            f"{counted(len(times[what]), 'recording')}{span}."
        )
    return said or ["No threshold was set by hand while a session ran."], live


def _modality(sessions: list[Recording]) -> Said:
    sounds = sorted({name for one in sessions for name in one.settings.get("sounds") or {}})
    sizes = sorted(
        {
            tuple(display["size"])
            for one in sessions
            if (display := one.settings.get("display") or {}).get("size")
        }
    )
    said = []
    if sizes:
        listed = ", ".join(f"{width} × {height} pixels" for width, height in sizes)
        said.append(f"Feedback was drawn by PsychoPy in a window of {listed}.")
    if sounds:
        said.append(f"Sounds: {', '.join(sounds)}.")
    return Said(said, {"sounds": sounds, "sizes": [list(size) for size in sizes]})


def _displayed(sessions: list[Recording]) -> Said:
    columns: list[str] = []
    frames = samples = 0
    for session in sessions:
        frames += session.frames
        samples += session.samples
        blinded = is_sealed(session.settings)
        for name in session.columns:
            ending = name.rpartition("_")[2]
            value = ending in ("value", "z", "threshold", "score", "hits", "rewards")
            if value and not (blinded and tells_what_was_shown(name)):
                columns.append(name)
    named = list(dict.fromkeys(columns))
    kept = f"each of the {samples} values that were computed"
    told = (
        f"Each of the {frames} displayed frames is kept with the values that it had, and {kept}"
        if frames
        else f"No frame was logged, as no window was attached; {kept} is kept"
    )
    values = {"frames": frames, "samples": samples, "columns": named}
    return Said([f"{told}: {', '.join(named)}."], values)


def _apparatus(sessions: list[Recording]) -> Said:
    amplifiers, machines, programs = [], [], []
    for session in sessions:
        settings = session.settings
        amplifiers.append(
            f"stream {settings.get('stream', {}).get('name')}, "
            f"{counted(session.channels, 'channel')}, {session.rate:g} Hz"
        )
        machine = settings.get("machine") or {}
        packages = machine.get("packages") or {}
        machines.append(f"{machine.get('platform')}, {machine.get('processor')}")
        listed = [f"{name} {one}" for name, one in packages.items() if one]
        programs.append(", ".join([f"Python {machine.get('python')}", *listed]))
    said = [
        f"Amplifier: {_listed(amplifiers)}.",
        f"Computer: {_listed(machines)}.",
        f"Programs: {_listed(programs)}.",
    ]
    lag = _lag(sessions)
    values = {"amplifiers": sorted(set(amplifiers)), **lag.values}
    return Said([*said, *lag.sentences], values)


def _lag(sessions: list[Recording]) -> Said:
    """Say how old the brain signal was that was shown, or why that is not known."""
    said = []
    known = pd.Series([one.lag_ms for one in sessions]).dropna()
    if len(known):
        span = f" (medians of the recordings: {known.min():.1f} to {known.max():.1f} ms)"
        said.append(
            "Age of the brain signal that was shown, at the flip: median "
            f"{known.median():.1f} ms{span if len(known) > 1 else ''}."
        )
    chosen: dict[tuple[float, float], list[HeldSummary]] = {}
    for one in sessions:
        if one.held.frames:
            wanted = round(one.held.wanted_low_ms, 1), round(one.held.wanted_high_ms, 1)
            chosen.setdefault(wanted, []).append(one.held)
    for (low, high), rows in sorted(chosen.items()):
        wanted = f"{low:g} ms" if low == high else f"{low:g} to {high:g} ms"
        frames = sum(one.frames for one in rows)
        held = 1 - sum(one.not_held for one in rows) / frames
        had = float(np.median([one.lag_median_ms for one in rows]))
        said.append(
            f"A lag of {wanted} was chosen in {counted(len(rows), 'recording')}: median "
            f"{had:.1f} ms, within a frame of the wanted one in {percent(held)} of {frames} frames."
        )
    sealed = sum(lag_is_sealed(one.settings) for one in sessions)
    if sealed:
        said.append(
            f"The lag of {counted(sealed, 'recording')} is sealed until the study is unblinded, as "
            "the arms differ in it."
        )
    no_frames = sum(not one.frames for one in sessions)
    if no_frames:
        said.append(
            f"The lag of {counted(no_frames, 'recording')} is not known: no window was attached, "
            "so that there is no frame log."
        )
    without = sum(not (np.isfinite(one.lag_ms) or one.held.frames) for one in sessions)
    if without > sealed + no_frames:
        said.append(
            f"The lag of {counted(without - sealed - no_frames, 'recording')} is not known: no "
            "frame had a value, or the amplifier's stamps were of another clock."
        )
    median = float(known.median()) if len(known) else None
    values = {"lag_ms": median, "without_lag": without}
    return Said(said, {**values, "chosen_ms": [list(one) for one in sorted(chosen)]})


def _listed(texts: list[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
