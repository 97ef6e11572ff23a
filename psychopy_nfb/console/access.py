"""Who may open the page: whoever has the token that is in its address."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

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
    """

    def __init__(self, token: str):
        self._token = token.encode()
        self._waiting = 0

    async def admits(self, request: RequestHandler) -> bool:
        """Return whether a request has the token: in its address, a cookie or a header."""
        if self._waiting >= MOST_WAITING:
            return False
        said = [
            request.get_query_argument("token", ""),
            request.get_cookie(COOKIE, "") or "",
            request.request.headers.get("Authorization", "").removeprefix("Bearer "),
        ]
        if any(hmac.compare_digest(one.encode(), self._token) for one in said):
            return True
        logger.warning("A wrong token came from %s.", request.request.remote_ip)
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
