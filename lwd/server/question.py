"""Which requests only ask why a stream was refused, and so are no refusals of their own.

Browsers hide the reason from a page whose WebSocket was refused, so the page makes the same request
once more without an upgrade. Whoever comes with another key or query asks something else.
"""

from collections import OrderedDict
from uuid import UUID

from aiohttp import hdrs, web

from lwd.auth.credentials import presented_secret
from lwd.server.reply import ADDRESS, ASKS_ABOUT, REJECTION, REQUEST_ID, Handler, age_s

_SOON_S = 60.0
"""How long after a refusal one may ask about it."""

_MOST = 100
"""Refusals that can be asked about; of more, only the latest can be."""


class Questions:
    """Knows refused streams by a hash of who asked for what: neither keys nor queries are kept."""

    def __init__(self) -> None:
        self._refused = OrderedDict[int, UUID]()

    @web.middleware
    async def recognise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Mark a question with the id of what it is about: one for each refusal, no more."""
        asked = hash((request.get(ADDRESS), request.path_qs, presented_secret(request.headers)))
        is_stream = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        refused = None if is_stream else self._refused.pop(asked, None)
        if refused is not None and age_s(refused) < _SOON_S:
            request[ASKS_ABOUT] = refused
        response = await handler(request)
        if is_stream and REJECTION in request:
            self._refused[asked] = request[REQUEST_ID]
            if len(self._refused) > _MOST:
                self._refused.popitem(last=False)
        return response
