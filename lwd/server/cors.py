"""What a browser must hear before a page of another origin may use lwd.

Every origin is answered alike, as at Deepgram: a key is no cookie, so a page has to have it. Who
may come without a key is not decided here.
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from aiohttp import hdrs, web

from lwd.server.reply import Handler

_EXPOSED = "dg-model-name,dg-model-uuid,dg-char-count,dg-request-id,dg-project-id,dg-error"
_VARY = ("origin", "access-control-request-method", "access-control-request-headers")
_METHODS = "GET, POST, OPTIONS"
_MAX_AGE_S = 7200
"""How long a browser may go without asking again; Chrome's own limit."""


@web.middleware
async def answer_preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell a browser that the request it is about to send is welcome, whatever its path."""
    asks = hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    if request.method != hdrs.METH_OPTIONS or not asks:
        return await handler(request)
    headers = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
        hdrs.ACCESS_CONTROL_MAX_AGE: str(_MAX_AGE_S),
    }
    # SDKs have headers of their own, and with credentials `*` means none.
    if wanted := request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS):
        headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = wanted
    return web.Response(headers=headers)


async def add_cors_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Let the page at the request's `Origin`, if it comes from one, read the response."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
    response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
    for name in _VARY:
        response.headers.add(hdrs.VARY, name)
