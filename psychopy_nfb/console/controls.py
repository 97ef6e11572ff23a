"""What the operator can do: each control is one command to the session."""

from __future__ import annotations

import math
from concurrent.futures import Future
from typing import Any

from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models.widgets import Button, Select, TextInput

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.console.desk import Desk, refused
from psychopy_nfb.console.look import WIDGETS, in_unit
from psychopy_nfb.console.session_line import Answer
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.operator_commands import check_request, read_number
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.protocol import value_name

CONFIRM_SECONDS = 5.0
FAR = 10.0
"""A threshold so many times larger than what was seen of its signal is asked for twice."""
KINDS = {"percentile": "percentile of the baseline", "bursts": "bursts a minute"}
"""What a number as threshold means where it is not in the signal's unit."""
NEW = "new value"


class Controls:
    """The buttons and fields of one page.

    Parameters
    ----------
    doc : Document
        The page.
    desk : Desk
        The session.
    told : list
        Gets what became of each command, as messages.

    Attributes
    ----------
    page : int
        The page's number at `Desk.control`, 0 until it has one.
    """

    def __init__(self, doc: Document, desk: Desk, told: list[dict[str, Any]]):
        self._doc, self._desk, self._told = doc, desk, told
        self.page: int = 0
        names = list(desk.state["signals"])
        self._paused = False
        self._pause = button("Pause (P)", "key-p", self._toggle_pause)
        self._end_block = button("End block (E)", "key-e", lambda: self._ask("end_block"))
        self._abort = button("Abort experiment", "abort", self._maybe_abort)
        self._abort_twice = _Twice(self._abort, "Abort? Press again")
        self._signal = Select(title="Signal", value=names[0], options=names)
        self._signal.visible = len(names) > 1
        self._threshold = TextInput(title="Threshold", placeholder=NEW, max_length=20)
        self._set_threshold = button("Set threshold", "set-threshold", self._change_threshold)
        self._set_twice = _Twice(self._set_threshold, "Set? Press again")
        self._dwell = TextInput(title="Dwell (s)", placeholder=NEW, max_length=20)
        self._set_dwell = button("Set dwell", "set-dwell", self._change_dwell)
        self._freeze = button("Freeze threshold", "freeze", self._toggle_frozen)
        self._note = TextInput(title="Note or mark (N)", max_length=500, css_classes=["key-n"])
        self._add_note = button("Add note", "add-note", lambda: self._write("note", "text"))
        self._add_mark = button("Mark (M)", "key-m", lambda: self._write("mark", "label"))
        self._control = button("Hand over control", "control", self._change_control)
        fields = (self._signal, self._threshold, self._dwell, self._note)
        for field in fields:
            field.stylesheets = [WIDGETS]
            field.sizing_mode = "stretch_width"
        self._commanding = [
            *(self._pause, self._end_block, self._abort, self._set_threshold, self._set_dwell),
            *(self._freeze, self._add_note, self._add_mark, *fields),
        ]

    def layout(self) -> Any:
        """Return all of them."""
        rows = [
            [self._pause, self._end_block],
            [self._signal],
            [self._threshold, self._set_threshold],
            [self._dwell, self._set_dwell],
            [self._freeze],
            [self._note],
            [self._add_note, self._add_mark],
            [self._control, self._abort],
        ]
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "styles": {"gap": "8px"}}
        return column([row(one, **wide) for one in rows], **wide)

    @property
    def in_control(self) -> bool:
        """Whether this page may command."""
        return self._desk.control.has(self.page)

    def update(self) -> None:
        """Show what the session is at; called three times a second."""
        state, newest = self._desk.state, self._desk.watch.newest
        paused = bool(newest.get("flags", 0) & Flags.PAUSED)
        mine, ended = self.in_control, self._desk.line.ended.is_set()
        self._paused = paused
        _put(self._pause, "label", "Resume (P)" if paused else "Pause (P)")
        about = state["signals"][self._signal.value]
        _put(self._freeze, "visible", about["rule"] is not None)
        _put(self._freeze, "label", "Let it adapt" if about["frozen"] else "Freeze threshold")
        unit = KINDS.get(about["threshold_kind"], about["compared_unit"])
        _put(self._threshold, "title", in_unit("Threshold", unit))
        _put(self._dwell, "title", f"Dwell (s), now {state['reward']['dwell']:g}")
        for one in self._commanding:
            idle = one is self._end_block and not state["blocks"]
            _put(one, "disabled", ended or not mine or idle)
        free = self._desk.control.free
        _put(self._control, "label", "Hand over control" if mine else "Take control")
        _put(self._control, "disabled", ended or not (mine or free))
        self._abort_twice.update()
        self._set_twice.update()

    def _toggle_pause(self) -> None:
        self._ask("resume" if self._paused else "pause")

    def _toggle_frozen(self) -> None:
        name = self._signal.value
        frozen = self._desk.state["signals"][name]["frozen"]
        self._ask("adapt" if frozen else "freeze", signal=name)

    def _change_threshold(self) -> None:
        name = self._signal.value
        value = self._typed(self._threshold, "threshold")
        if value is None:
            return
        largest = self._largest(name)
        if largest is None or abs(value) <= FAR * largest or self._set_twice.pressed():
            self._ask("set", self._threshold, changes={"threshold": value}, signal=name)
        else:
            self._tell(
                f"Threshold {value:g} is more than {FAR:g} times what {name} was in the last "
                f"minute (at most {largest:.3g}). Press again if it is meant."
            )

    def _change_dwell(self) -> None:
        value = self._typed(self._dwell, "dwell")
        if value is not None:
            self._ask("set", self._dwell, changes={"dwell": value})

    def _typed(self, field: TextInput, name: str) -> float | None:
        """Return the number in a field; without one the operator is told so."""
        if not field.value.strip():
            self._tell(f"{name.capitalize()}: enter a number first.")
            return None
        try:
            return read_number(name, field.value)
        except SettingsError as error:
            self._tell(str(error))
            return None

    def _largest(self, name: str) -> float | None:
        """Return how far a signal and its threshold were from 0, None if neither was seen yet."""
        if self._desk.state["signals"][name]["threshold_kind"] in KINDS:  # of another unit
            return None
        kinds = [value_name(name, what) for what in ("z", "threshold")]
        seen = [abs(one[kind]) for one in list(self._desk.watch.points) for kind in kinds]
        return max(filter(math.isfinite, seen), default=None)

    def _write(self, do: str, argument: str) -> None:
        text = self._note.value.strip()
        if not text and do == "note":
            self._tell("Note: write something first.")
            return
        self._ask(do, self._note, **{argument: text or "operator"})

    def _maybe_abort(self) -> None:
        if self._abort_twice.pressed():
            self._ask("abort")

    def _change_control(self) -> None:
        control = self._desk.control
        if self.in_control:
            control.hand_over(self.page)
        else:
            control.take(self.page)

    def _ask(self, do: str, field: TextInput | None = None, **arguments: object) -> None:
        """Send a command if this page has control; what came of it is told as a message.

        The field in which it was written is emptied once it is done.
        """
        future = self._checked(do, arguments)
        said = _in_words(do, arguments)

        def finish(answer: Answer) -> None:
            if answer.done and field is not None:
                field.value = ""
            self._tell(f"{said}: done." if answer.done else f"{said}: not done. {answer.sentence}")

        def told(answered: Future[Answer]) -> None:
            self._doc.add_next_tick_callback(lambda: finish(answered.result()))

        future.add_done_callback(told)

    def _checked(self, do: str, arguments: dict[str, object]) -> Future[Answer]:
        if not self.in_control:
            return refused(self._desk.control.told(self.page))
        try:
            request = check_request({"do": do, **arguments})
        except NfbError as error:
            return refused(str(error))
        return self._desk.line.ask(request.do, **request.arguments)

    def _tell(self, text: str) -> None:
        self._told.append({"t": lsl_now(), "text": text})


class _Twice:
    """A button for what must be pressed twice, so that nothing happens by mistake.

    Parameters
    ----------
    pressed : Button
        Its label asks for the second press.
    asked : str
        That label.
    """

    def __init__(self, pressed: Button, asked: str):
        self._button, self._usual, self._asked = pressed, pressed.label, asked
        self._until = 0.0

    def pressed(self) -> bool:
        """Return whether this press is the second within `CONFIRM_SECONDS`."""
        if lsl_now() < self._until:
            self._until = 0.0
            return True
        self._until = lsl_now() + CONFIRM_SECONDS
        self._button.label = self._asked
        return False

    def update(self) -> None:
        """Ask no longer, once it was pressed twice or the time is over."""
        if lsl_now() > self._until:
            _put(self._button, "label", self._usual)


def button(label: str, css: str, pressed: Any) -> Button:
    """Return a button with a class by which keys and tests find it."""
    made = Button(
        label=label,
        css_classes=[css],
        stylesheets=[WIDGETS],
        sizing_mode="stretch_width",
        align="end",
    )
    made.on_click(pressed)
    return made


def _put(model: Any, name: str, value: object) -> None:
    """Change a property only where it differs, so that nothing is sent for nothing."""
    if getattr(model, name) != value:
        setattr(model, name, value)


def _in_words(do: str, arguments: dict[str, Any]) -> str:
    """Return a command as the messages name it."""
    if do == "set":
        changes = ", ".join(f"{name} {value:g}" for name, value in arguments["changes"].items())
        return changes.capitalize()
    told = arguments.get("text") or arguments.get("label")
    return do.replace("_", " ").capitalize() + (f" “{told}”" if told else "")
