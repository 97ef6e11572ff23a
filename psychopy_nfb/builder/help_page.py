"""The page of the manual that a component's or Routine's *Help* button opens."""

from __future__ import annotations

from typing import Any


class HelpPage:
    """The attribute ``url`` of a component: the address of its page, made when it is asked for.

    PsychoPy makes many instances of each component and reads their ``url`` when a dialog opens. A
    Routine's own constructor sets an empty one, which is passed over.

    Parameters
    ----------
    page : str
        One of `psychopy_nfb.guide.all_pages`.
    """

    def __init__(self, page: str):
        self.page = page

    def __get__(self, instance: Any, owner: type) -> str | None:
        """Return the address; None, and so no button, if the page cannot be written."""
        from psychopy import logging

        from psychopy_nfb.errors import FileError
        from psychopy_nfb.guide.pages import page_address

        try:
            return page_address(self.page)
        except FileError as error:
            logging.warning(f"psychopy-nfb: the manual cannot be shown: {error}")
            return None

    def __set__(self, instance: Any, value: str) -> None:
        """Keep the page."""
