"""The operator's page: where everything is, and how often it is renewed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.layouts import column, row
from bokeh.models.widgets import Div
from jinja2 import Environment, FileSystemLoader

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.console import words
from psychopy_nfb.console.controls import Controls, button
from psychopy_nfb.console.desk import Desk
from psychopy_nfb.console.look import PALETTES, WORDS, WRAPS
from psychopy_nfb.console.pace import Pace
from psychopy_nfb.console.plots import HeadMap, LagPlot, SignalPlot
from psychopy_nfb.console.traces import Traces

logger: logging.Logger = logging.getLogger(__name__)

UPDATE_SECONDS = 0.1
"""At twice as many updates, 32 traces kept the main thread of a browser with software graphics busy
for 94 % of the time; that was on a machine that did much else."""
WORDS_SECONDS, SLOW_SECONDS = 0.3, 1.2
"""From one renewal of numbers, and of slow figures, to the next."""


class Page:
    """One page in one browser.

    Parameters
    ----------
    doc : Document
        Bokeh's.
    desk : Desk
        The session.
    t0 : float
        LSL time that time axes count from.
    opened : callable
        Told the page's number once its browser shows it. A page that is asked for and never shown,
        or shown after its time, has none and gets no control.
    """

    def __init__(self, doc: Document, desk: Desk, t0: float, opened: Callable[[int], None]):
        self._desk = desk
        self.number: int = 0  # until its browser has it
        self._words_at = self._slow_at = -1e9
        self._told: list[dict[str, Any]] = []
        context: Any = doc.session_context
        light = context.request.arguments.get("theme") == [b"light"]
        self._theme = "light" if light else "dark"
        self._traces = Traces(desk, t0)
        self._signals = [SignalPlot(desk, name, t0) for name in desk.state["signals"]]
        self._lag, self._head = LagPlot(desk), HeadMap(desk)
        self._controls = Controls(doc, desk, self._told)
        self._words = {
            name: Div(stylesheets=[WORDS], sizing_mode="stretch_width", text="", visible=False)
            for name in (
                "head",
                "notices",
                "tiles",
                "table",
                "blocks",
                "stages",
                "faults",
                "messages",
            )
        }
        self._switch = button("Dark / light (T)", "key-t", self._change_theme)
        self._pace = Pace(self._words["head"], self._words["tiles"])
        self._place(doc)
        self._paint()
        self.update()
        doc.add_periodic_callback(self.update, round(1e3 * UPDATE_SECONDS))
        doc.on_event(DocumentReady, lambda event: self._arrive(opened))
        doc.on_session_destroyed(lambda session_context: desk.control.go(self.number))

    def _arrive(self, opened: Callable[[int], None]) -> None:
        if not self.number:
            self.number = self._controls.page = self._desk.control.come()
            opened(self.number)

    def _place(self, doc: Document) -> None:
        said, wide = self._words, {"sizing_mode": "stretch_width"}
        figures = [plot.figure for plot in self._signals]
        roots = {
            "head": said["head"],
            "theme": self._switch,
            "notices": said["notices"],
            "tiles": said["tiles"],
            "eeg": self._traces.layout(),
            "signals": column([*figures, said["table"]], **wide),
            "controls": self._controls.layout(),
            "channels": row([self._head.figure, said["faults"]], **wide, styles=WRAPS),
            "lag": column([said["blocks"], self._lag.figure, said["stages"]], **wide),
            "messages": said["messages"],
        }
        for name, root in roots.items():
            root.name = name
            doc.add_root(root)
        folder = FileSystemLoader(Path(__file__).parent)
        doc.template = Environment(loader=folder, autoescape=False).get_template("page.html")
        doc.title = f"Operator's page: {self._desk.name}"

    def _change_theme(self) -> None:
        self._theme = "light" if self._theme == "dark" else "dark"
        self._paint()

    def _paint(self) -> None:
        self._words["head"].css_classes = [f"theme-{self._theme}"]
        parts: list[Any] = [self._traces, *self._signals, self._lag, self._head]
        for part in parts:
            part.paint(PALETTES[self._theme])

    def update(self) -> None:
        """Show what is new, as often as the browser can draw it. Never raises."""
        try:
            if not self._pace.may_send():
                return
            self._traces.update()
            for plot in self._signals:
                plot.update()
            now = lsl_now()
            slow = now - self._slow_at >= SLOW_SECONDS
            if slow or now - self._words_at >= WORDS_SECONDS:
                self._words_at = now
                self._update_words(slow)
            if slow:
                self._slow_at = now
                self._lag.update()
                self._head.update()
            self._pace.sent()
        except Exception:
            logger.exception("The page could not be updated; it is tried again.")

    def _update_words(self, slow: bool) -> None:
        desk = self._desk
        self._controls.update()
        said = {
            "head": words.header(desk, self.number),
            "notices": words.notices(desk, self.number),
            "tiles": words.tiles(desk),
            "table": words.signals(desk),
            "messages": words.messages(
                sorted([*desk.line.messages, *self._told], key=lambda one: one["t"])
            ),
        }
        if slow:
            said |= {
                "blocks": words.blocks(desk),
                "stages": words.stages(desk),
                "faults": words.faults(desk),
            }
        for name, text in said.items():
            if self._words[name].text != text:
                self._words[name].update(text=text, visible=bool(text))  # nothing takes no room


def page_for(desk: Desk, opened: Callable[[int], None]) -> Callable[[Document], None]:
    """Return what makes a page of each document that a browser opens, and tells its number."""
    t0 = lsl_now()

    def make(doc: Document) -> None:
        Page(doc, desk, t0, opened)

    return make
