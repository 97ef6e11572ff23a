"""A text field with a button that offers what there is, for Builder's dialogs.

Builder's app finds the control of a field by its ``inputType`` among the subclasses of its own
controls, and takes a plain text field for a type that it does not know. The control exists only
where the app does: elsewhere (Studio, compiling) the field remains a plain text field.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psychopy.experiment.params import Param

CONTROL = "nfbOffer"
LIST_SIZE = (560, 320)
"""Of a list to choose one line from, in pixels."""
APPS = ("psychopy_app", "psychopy.app")
"""Where the app is: the second until PsychoPy 2026.1."""


def offer_button(param: Param, offer: str) -> None:
    """Give the field of `param` a button, if this is Builder's app.

    Parameters
    ----------
    param : Param
        Of a text field.
    offer : str
        One of `offers.OFFERS`.
    """
    for app in APPS:
        controls = sys.modules.get(f"{app}.builder.dialogs.paramCtrls")
        if controls is not None:
            if CONTROL not in controls.inputTypes:
                _make_control(controls)
            param.inputType = CONTROL
            param.ctrlParams = {**param.ctrlParams, "offer": offer}


def _make_control(controls: ModuleType) -> None:
    """Make the control, which registers itself by being a subclass."""
    import wx

    from psychopy_nfb.builder.offers import OFFERS

    class OfferCtrl(controls.SingleLineCtrl):  # type: ignore[name-defined]
        inputType = CONTROL

        def makeCtrls(self) -> None:
            """Make the text field and its button."""
            super().makeCtrls()
            self.offerBtn = wx.Button(self, label="Choose…", style=wx.BU_EXACTFIT)
            self.offerBtn.SetToolTip("Choose from what there is")
            self.offerBtn.Bind(wx.EVT_BUTTON, self.onOffer)
            self.sizer.Add(self.offerBtn, border=6, flag=wx.EXPAND | wx.LEFT)

        def onOffer(self, event: object) -> None:
            """Show what there is, and put the choice into the fields."""
            fields = self.GetTopLevelParent().paramCtrls
            texts = {
                name: str(one.getValue())
                for name, one in fields.items()
                if hasattr(one, "getValue")
            }
            with wx.BusyCursor():
                offer = OFFERS[self.param.ctrlParams["offer"]](self.element, self.field, texts)
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
                    fields[name].setValue(value)
            dialog.Destroy()
