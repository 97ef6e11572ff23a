"""Opens the dialogs of PsychoPy's app that hold an LSL amplifier, and writes down what they show.

``python device_dialogs.py SOURCE_ID OUT``: the list of the Device Manager's *Add device*, the page
of the amplifier with that id, and the tab Stream of a Neuro Feedback component that takes it.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import wx
from psychopy import plugins
from psychopy.preferences import prefs

FIELDS = ("streamType", "streamName", "sourceId", "hostname", "timeout")


def branches(tree: wx.TreeCtrl) -> dict[str, list[str]]:
    """Return the lines under each heading of a tree."""
    found = {}
    heading, cookie = tree.GetFirstChild(tree.GetRootItem())
    while heading.IsOk():
        lines = found[tree.GetItemText(heading)] = []
        line, inner = tree.GetFirstChild(heading)
        while line.IsOk():
            lines.append(tree.GetItemText(line))
            line, inner = tree.GetNextChild(heading, inner)
        heading, cookie = tree.GetNextChild(tree.GetRootItem(), cookie)
    return found


def buttons(control: wx.Window) -> list[str]:
    """Return what is written on the buttons of a field."""
    return [one.GetLabel() for one in control.GetChildren() if isinstance(one, wx.Button)]


def main(source_id: str, out: str) -> None:
    """Write what the dialogs show."""
    app = wx.App()
    app.prefs, app.dpi = prefs, 96
    app._mainFont = app._codeFont = wx.SystemSettings.GetFont(wx.SYS_DEFAULT_GUI_FONT)
    if find_spec("psychopy_app"):
        import psychopy_app._psychopyApp  # noqa: F401 - in the app's order: its parts need each other
        from psychopy_app.builder import dialogs
        from psychopy_app.deviceManager import AddDeviceDlg, DeviceManagerDlg
    else:  # until PsychoPy 2026.1
        import psychopy.app._psychopyApp  # noqa: F401
        from psychopy.app.builder import dialogs
        from psychopy.app.deviceManager import AddDeviceDlg, DeviceManagerDlg
    plugins.activatePlugins()
    from psychopy.experiment import Experiment, getAllElements
    from psychopy.experiment.routines import Routine

    component_class = getAllElements(fetchIcons=False)["NeuroFeedbackComponent"]
    (backend,) = component_class.backends
    frame = wx.Frame(None)
    frame.app = app

    adding = AddDeviceDlg(frame)
    adding.populate()
    shown = {"listed": branches(adding.devicesCtrl)}
    device = backend(
        next(
            profile
            for profile in AddDeviceDlg.availableDevices[backend]
            if profile.get("source_id") == source_id
        )
    )
    device.name = "amp"
    prefs.devices["amp"] = device
    prefs.devices.save()
    page = DeviceManagerDlg(frame).pages["amp"]
    shown["device"] = {name: one.getValue() for name, one in page.paramCtrls.items()}
    shown["device buttons"] = buttons(page.paramCtrls["stream_name"])

    frame.exp = experiment = Experiment()
    experiment.addRoutine("trial", Routine("trial", experiment))
    component = component_class(experiment, "trial", name="nfb")
    dialog = dialogs.DlgComponentProperties(
        frame=frame, element=component, experiment=experiment, editing=True, testing=True
    )
    control = dialog.paramCtrls["deviceLabel"].valueCtrl
    shown["choices"] = control.choices
    shown["component buttons"] = buttons(control)
    for device_name in ("amp", ""):
        control.setValue(device_name)
        control.onChange()
        shown[f"fields with {device_name!r}"] = [
            name for name in FIELDS if dialog.paramCtrls[name].getVisible()
        ]
    Path(out).write_text(json.dumps(shown), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
