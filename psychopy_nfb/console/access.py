"""Who may open the page: whoever has the token that is in its address."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

from psychopy_nfb.repeated import RepeatedFault

logger: logging.Logger = logging.getLogger(__name__)

COOKIE = "psychopy_nfb_token"
WRONG_SECONDS = 1.0
"""How long the answer to a wrong token takes: a guess a second."""
MOST_WAITING = 50
"""More wrong tokens at once are refused without a wait, and without being compared."""
REFUSED = (
    "<!doctype html><title>Operator's page</title><p>This address lacks the session's token, or "
    "has an old one. <code>psychopy-nfb console</code> opens the page, and prints its address."
)


class Tokens:
    """Compares tokens, slowly where they are wrong.

    Parameters
    ----------
    token : str
        The right one.
    told : callable
        Gets a sentence for the operator when wrong ones come from an address, once a minute.
    """

    def __init__(self, token: str, told: Callable[[str], None]):
        self._token, self._told = token.encode(), told
        self._waiting = 0
        self._wrong: dict[str, RepeatedFault] = {}  # by address

    def right(self, said: str) -> bool:
        """Return whether this is the token, in a time that does not depend on how much is."""
        return hmac.compare_digest(said.encode(errors="replace"), self._token)

    def report(self, host: str) -> None:
        """Report in the log, and to the operator, that a wrong token came from an address.

        Once a minute: whoever guesses may send thousands.
        """
        if host not in self._wrong:
            if len(self._wrong) >= MOST_WAITING:
                self._wrong.clear()
            self._wrong[host] = RepeatedFault(self._tell)
        self._wrong[host].note(f"A wrong token came from {host} and was refused.")

    def _tell(self, sentence: str) -> None:
        logger.warning(sentence)
        self._told(sentence)

    async def admits(self, request: RequestHandler) -> bool:
        """Return whether a request has the token: in its address, a cookie or a header."""
        if self._waiting >= MOST_WAITING:
            return False
        said = [
            request.get_query_argument("token", ""),
            request.get_cookie(COOKIE, "") or "",
            request.request.headers.get("Authorization", "").removeprefix("Bearer "),
        ]
        if any(self.right(one) for one in said):
            return True
        self.report(str(request.request.remote_ip))
        self._waiting += 1
        try:
            await asyncio.sleep(WRONG_SECONDS)
        finally:
            self._waiting -= 1
        return False


class _Refused(RequestHandler):
    """What is shown without the token."""

    def get(self) -> None:
        """Answer."""
        self.set_status(403)
        self.finish(REFUSED)


class PageAccess(AuthProvider):
    """Bokeh's question who may open the page, answered by the token.

    Parameters
    ----------
    tokens : Tokens
        Knows the right one.
    secure : bool
        Whether the page is served with TLS, so that its cookie must be, too.
    """

    def __init__(self, tokens: Tokens, secure: bool):
        self._tokens, self._secure = tokens, secure
        super().__init__()

    @property
    def get_user_async(self) -> Callable[[Any], Awaitable[Any]]:
        """Return what finds out who asks."""
        return self._user

    @property
    def login_url(self) -> str:
        """Return where those go who may not."""
        return "/refused"

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Return what they see there."""
        return _Refused

    async def _user(self, request: RequestHandler) -> str | None:
        if not await self._tokens.admits(request):
            return None
        if request.request.headers.get("Upgrade", "").lower() != "websocket":
            token = request.get_query_argument("token", "")
            if token:
                options = {"httponly": True, "samesite": "Strict", "secure": self._secure}
                request.set_cookie(COOKIE, token, **options)
        return "operator"
