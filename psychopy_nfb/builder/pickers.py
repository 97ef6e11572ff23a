"""Controls of our own in Builder's dialogs: buttons that offer what there is, and that try it.

Builder's app finds the control of a field by its ``inputType`` among the subclasses of its own
controls, and takes a plain text field for a type that it does not know. The controls exist only
where the app does: elsewhere (Studio, compiling) a field has the control of PsychoPy's own type.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psychopy.experiment.params import Param

OFFER, DEVICE = "nfbOffer", "nfbDevice"
"""A text with a button that offers what there is; a device of the Device Manager, or none."""
LIST_SIZE = (560, 320)
"""Of a list to choose one line from, in pixels."""
APPS = ("psychopy_app", "psychopy.app")
"""Where the app is: the second until PsychoPy 2026.1."""
NO_DEVICE = "none: the stream of the fields below"


def offer_button(param: Param, offer: str, tries: bool = False) -> None:
    """Give the field of `param` a button, if this is Builder's app.

    Parameters
    ----------
    param : Param
        Of a text field.
    offer : str
        One of `offers.OFFERS`.
    tries : bool
        Whether there are buttons that show the stream's channels and a signal check, too.
    """
    if _controls_exist():
        param.inputType = OFFER
        param.ctrlParams = {**param.ctrlParams, "offer": offer, "tries": tries}


def device_control(param: Param, backends: Iterable[type]) -> None:
    """Let the field of `param` list the devices of these classes, with a button that tries one.

    Parameters
    ----------
    param : Param
        Of PsychoPy's type ``device``.
    backends : iterable of type
        Classes of the devices, as PsychoPy's Device Manager knows them.
    """
    param.allowedVals = list(backends)
    if _controls_exist():
        param.inputType = DEVICE


def _controls_exist() -> bool:
    """Return whether this is Builder's app; then our controls are there."""
    for app in APPS:
        controls = sys.modules.get(f"{app}.builder.dialogs.paramCtrls")
        if controls is not None:
            if OFFER not in controls.inputTypes:
                _make_controls(controls)
            return True
    return False


def _make_controls(controls: ModuleType) -> None:
    """Make the controls, which register themselves by being subclasses."""
    import wx

    from psychopy_nfb.builder.offers import OFFERS
    from psychopy_nfb.builder.trying import start_signal_check

    def add_button(control: Any, label: str, hint: str, pressed: Any) -> wx.Button:
        button = wx.Button(control, label=label, style=wx.BU_EXACTFIT)
        button.SetToolTip(hint)
        button.Bind(wx.EVT_BUTTON, pressed)
        control.sizer.Add(button, border=6, flag=wx.EXPAND | wx.LEFT)
        return button

    def fields_of(control: wx.Window) -> dict[str, Any]:
        """Return the other fields: those of the component's dialog, or of the device's page."""
        parent = control.GetParent()
        while parent is not None and not hasattr(parent, "paramCtrls"):
            parent = parent.GetParent()
        return {} if parent is None else parent.paramCtrls

    def texts_of(control: wx.Window) -> dict[str, str]:
        fields = fields_of(control).items()
        return {name: str(one.getValue()) for name, one in fields if hasattr(one, "getValue")}

    def add_signal_check(control: Any) -> None:
        def ended(button: wx.Button, sentence: str) -> None:
            """Tell why it did not succeed; the dialog may be gone by now."""
            if button:
                button.Enable()
            if sentence:
                wx.MessageBox(sentence, "Signal Check")

        def pressed(event: object) -> None:
            button.Disable()
            start_signal_check(
                texts_of(control), lambda sentence: wx.CallAfter(ended, button, sentence)
            )

        hint = "Show the channels of the amplifier, live: which are good, and what to do"
        button = add_button(control, "Signal Check", hint, pressed)

    class OfferCtrl(controls.SingleLineCtrl):  # type: ignore[name-defined]
        inputType = OFFER

        def makeCtrls(self) -> None:
            """Make the text field and its buttons."""
            super().makeCtrls()
            add_button(self, "Choose…", "Choose from what there is", self.onOffer)
            if self.param.ctrlParams["tries"]:
                add_button(self, "Channels…", "Ask the stream for its channels", self.onChannels)
                add_signal_check(self)

        def onOffer(self, event: object) -> None:
            """Show what there is, and put the choice into the fields."""
            fields = fields_of(self)
            with wx.BusyCursor():
                offer = OFFERS[self.param.ctrlParams["offer"]](
                    self.element, self.field, texts_of(self)
                )
            if not offer.labels:
                wx.MessageBox(offer.message, self.param.label, parent=self)
                return
            kind = wx.MultiChoiceDialog if offer.several else wx.SingleChoiceDialog
            dialog = kind(self, offer.message, self.param.label, offer.labels)
            if not offer.several:
                dialog.SetSize(LIST_SIZE)  # its own shows three lines
            ticked = offer.ticked(self.field, self.getValue())
            if offer.several:
                dialog.SetSelections(ticked)
            elif ticked:
                dialog.SetSelection(ticked[0])
            if dialog.ShowModal() == wx.ID_OK:
                lines = dialog.GetSelections() if offer.several else [dialog.GetSelection()]
                for name, value in offer.chosen(lines).items():
                    if name in fields:
                        fields[name].setValue(value)
            dialog.Destroy()

        def onChannels(self, event: object) -> None:
            """Show which channels the stream has."""
            with wx.BusyCursor():
                offer = OFFERS["channels"](self.element, self.field, texts_of(self))
            wx.SingleChoiceDialog(self, offer.message, "Channels", offer.labels, wx.OK).ShowModal()

    class DeviceOrNoneCtrl(controls.DeviceCtrl):  # type: ignore[name-defined]
        inputType = DEVICE

        def makeCtrls(self) -> None:
            """Make the list of devices and its buttons."""
            super().makeCtrls()
            add_signal_check(self)

        def populate(self) -> None:
            """List the devices, and none: PsychoPy's own list has no way back to none."""
            super().populate()
            devices = [name for name in self.choices if name]
            self.choices, self.labels = ["", *devices], [NO_DEVICE, *devices]
            self.ctrl.SetItems(self.labels)
            self.setValue(self.param.val)

        def setValue(self, value: object) -> None:
            """Select a device; nothing and None are none."""
            super().setValue("" if value in (None, "None") else value)
