"""Starts PsychoPy's app so that a test can see where its widgets are.

``python launcher.py FOLDER ARGUMENTS…``: whenever the file FOLDER/ask is there, it is removed and
FOLDER/widgets.json is written: what is on the screen, with its rectangle in screen pixels. Nothing
is clicked or changed from here; mouse and keyboard are the test's.
"""

from __future__ import annotations

import json
import runpy
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path


def seen(window: object) -> list[dict]:
    """Return the visible widgets of `window`, itself included."""
    if not window.IsShownOnScreen():
        return []
    found = [
        {
            "kind": type(window).__name__,
            "label": window.GetLabel().replace("&", "").strip(),  # marks the key that clicks it
            "name": window.GetName(),
            "value": str(window.GetValue()) if hasattr(window, "GetValue") else None,
            "rect": list(window.GetScreenRect().Get()),
        }
    ]
    for child in window.GetChildren():
        found += seen(child)
    return found


def answer(folder: Path) -> None:
    """Write what is on the screen."""
    import wx

    windows = [
        {"title": window.GetTitle(), "widgets": seen(window)}
        for window in wx.GetTopLevelWindows()
        if window.IsShownOnScreen()
    ]
    draft = folder / "draft.json"
    draft.write_text(json.dumps(windows), encoding="utf-8")
    draft.replace(folder / "widgets.json")


def watch(folder: Path) -> None:
    """Answer each request, in the app's own thread."""
    import wx

    while True:
        time.sleep(0.05)
        if (folder / "ask").exists() and wx.GetApp() is not None:
            (folder / "ask").unlink()
            wx.CallAfter(answer, folder)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    threading.Thread(target=watch, args=(folder,), daemon=True).start()
    # Until 2026.1 the app was a part of PsychoPy.
    app = "psychopy_app" if find_spec("psychopy_app") else "psychopy.app"
    sys.argv = [app, *sys.argv[2:]]
    runpy.run_module(app, run_name="__main__", alter_sys=True)
