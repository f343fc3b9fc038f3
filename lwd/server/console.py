"""`/`, the console: static files of the package, which know neither a key nor the daemon's state.

What the page shows it asks for itself, with the key that is typed into it.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import hdrs, web

from lwd.server.live import Live

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Only lwd's own files, and no page around it: keys are typed here."""

_HEADERS = {
    hdrs.CACHE_CONTROL: "no-cache",  # asked for anew each time, and mostly answered by 304
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self)",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    media_type: str
    etag: str


class ConsoleHandlers:
    """Serves the console while `console.enabled` is in force."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._files = _read_files()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the page and its files."""
        router.add_get("/", self._page)
        router.add_get("/console/{file}", self._file)

    async def _page(self, request: web.Request) -> web.Response:
        return self._answer(request, _PAGE)

    async def _file(self, request: web.Request) -> web.Response:
        return self._answer(request, request.match_info["file"])

    def _answer(self, request: web.Request, name: str) -> web.Response:
        file = self._files.get(name)
        if file is None or not self._live.config.console.enabled:
            raise web.HTTPNotFound
        headers = _HEADERS | {hdrs.ETAG: f'"{file.etag}"', hdrs.CONTENT_TYPE: file.media_type}
        if any(tag.value == file.etag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers=headers)


def _read_files() -> dict[str, _File]:
    found = {}
    for path in files("lwd").joinpath("console").iterdir():
        suffix = path.name.rpartition(".")[2]
        if suffix in _TYPES:
            body = path.read_bytes()
            found[path.name] = _File(body, _TYPES[suffix], hashlib.sha256(body).hexdigest()[:32])
    return found
