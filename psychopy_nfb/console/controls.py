"""What the operator can do: each control is one command to the session."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models.widgets import Button, NumericInput, Select, TextInput

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.console.desk import NO_CONTROL, Desk, refused
from psychopy_nfb.console.look import WIDGETS
from psychopy_nfb.console.session_line import Answer
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.operator_commands import check_request
from psychopy_nfb.errors import NfbError

CONFIRM_SECONDS = 5.0
ABORT, ABORT_NOW = "Abort experiment", "Abort? Press again"


class Controls:
    """The buttons and fields of one page.

    Parameters
    ----------
    doc : Document
        The page.
    desk : Desk
        The session.
    page : int
        The page's number at `Desk.control`.
    told : list
        Gets what became of each command, as messages.
    """

    def __init__(self, doc: Document, desk: Desk, page: int, told: list[dict[str, Any]]):
        self._doc, self._desk, self._page, self._told = doc, desk, page, told
        names = list(desk.state["signals"])
        self._paused = False
        self._abort_until = 0.0
        self._pause = button("Pause (P)", "key-p", self._toggle_pause)
        self._end_block = button("End block (E)", "key-e", lambda: self._ask("end_block"))
        self._abort = button(ABORT, "abort", self._maybe_abort)
        self._signal = Select(title="Signal", value=names[0], options=names)
        self._signal.visible = len(names) > 1
        self._threshold = NumericInput(title="Threshold", mode="float", placeholder="new value")
        self._set_threshold = button("Set threshold", "set-threshold", self._change_threshold)
        self._dwell = NumericInput(title="Dwell (s)", mode="float", low=0, placeholder="new value")
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
        return self._desk.control.has(self._page)

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
        dwell = f"Dwell (s), now {state['reward']['dwell']:g}"
        _put(self._dwell, "title", dwell)
        for one in self._commanding:
            idle = one is self._end_block and not state["blocks"]
            _put(one, "disabled", ended or not mine or idle)
        free = self._desk.control.free
        _put(self._control, "label", "Hand over control" if mine else "Take control")
        _put(self._control, "disabled", ended or not (mine or free))
        if self._abort.label != ABORT and lsl_now() > self._abort_until:
            self._abort.label = ABORT

    def _toggle_pause(self) -> None:
        self._ask("resume" if self._paused else "pause")

    def _toggle_frozen(self) -> None:
        name = self._signal.value
        frozen = self._desk.state["signals"][name]["frozen"]
        self._ask("adapt" if frozen else "freeze", signal=name)

    def _change_threshold(self) -> None:
        if self._threshold.value is None:
            self._tell("Threshold: enter a number first.")
        else:
            changes = {"threshold": self._threshold.value}
            self._ask("set", changes=changes, signal=self._signal.value)

    def _change_dwell(self) -> None:
        if self._dwell.value is None:
            self._tell("Dwell: enter a number first.")
        else:
            self._ask("set", changes={"dwell": self._dwell.value})

    def _write(self, do: str, argument: str) -> None:
        text = self._note.value.strip()
        if not text and do == "note":
            self._tell("Note: write something first.")
            return
        self._ask(do, **{argument: text or "operator"})
        self._note.value = ""

    def _maybe_abort(self) -> None:
        if lsl_now() < self._abort_until:
            self._abort_until = 0.0
            self._ask("abort")
        else:
            self._abort_until = lsl_now() + CONFIRM_SECONDS
            self._abort.label = ABORT_NOW

    def _change_control(self) -> None:
        control = self._desk.control
        if self.in_control:
            control.hand_over(self._page)
        else:
            control.take(self._page)

    def _ask(self, do: str, **arguments: object) -> None:
        """Send a command if this page has control; what came of it is told as a message."""
        future = self._checked(do, arguments)
        said = _in_words(do, arguments)

        def told(answered: Future[Answer]) -> None:
            answer = answered.result()
            text = f"{said}: done." if answer.done else f"{said}: not done. {answer.sentence}"
            self._doc.add_next_tick_callback(lambda: self._tell(text))

        future.add_done_callback(told)

    def _checked(self, do: str, arguments: dict[str, object]) -> Future[Answer]:
        if not self.in_control:
            return refused(NO_CONTROL)
        try:
            request = check_request({"do": do, **arguments})
        except NfbError as error:
            return refused(str(error))
        return self._desk.line.ask(request.do, **request.arguments)

    def _tell(self, text: str) -> None:
        self._told.append({"t": lsl_now(), "text": text})


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
