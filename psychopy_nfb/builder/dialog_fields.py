"""Fields put into the dialog of a component, each with the button beside it."""

from __future__ import annotations

from typing import Any

from psychopy_nfb.builder.parameters import Field
from psychopy_nfb.builder.pickers import offer_button


def add_fields(element: Any, fields: tuple[Field, ...]) -> None:
    """Add `fields` to a component's or routine's parameters, in this order."""
    for one in fields:
        element.params[one.name] = one.make()
        element.order.append(one.name)
        if one.offers:
            offer_button(element.params[one.name], one.offers)
        for number, (depends_on, condition) in enumerate(one.show):
            element.depends.append(
                {
                    "dependsOn": depends_on,
                    "condition": condition,
                    "param": one.name,
                    # Builder obeys one after the other: a later condition may only hide.
                    "true": "enable" if number else "show",
                    "false": "hide",
                }
            )
