"""A model too small to be one, and a hub on this machine that answers as the real one does."""

import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest
from huggingface_hub import constants

from lwd.models.catalogue import Entry, Family
from lwd.models.dimensions import Dimensions
from lwd.models.pins import Pin, RemoteFile

DIMENSIONS = Dimensions(80, 1500, 384, 6, 4, 51864, 448, 384, 6, 4)
WEIGHTS = bytes(range(256)) * 4096
REPO = "someone/toy"
REVISION = "a1" * 20


class Hub:
    """What the hub has, how it misbehaves and what was asked of it."""

    def __init__(self) -> None:
        self.files = {"config.json": DIMENSIONS.to_json().encode(), "weights.npz": WEIGHTS}
        self.revisions = {REVISION: self.files}
        self.main = REVISION
        self.corrupted: dict[str, bytes] = {}
        self.portal = b""
        self.cuts: list[int] = []
        self.fails_after_cut = False
        self.ranges: list[str | None] = []
        self.downloads: list[str] = []

    def entry(self, *, pinned: bool = True) -> Entry:
        """The toy model, as the catalogue would have it."""
        weights = RemoteFile("weights.npz")
        if pinned:
            sha256 = hashlib.sha256(WEIGHTS).hexdigest()
            weights = RemoteFile("weights.npz", len(WEIGHTS), sha256)
        pin = Pin(REPO, REVISION if pinned else None, weights)
        return Entry("toy", pin, Family("2024-01-01", ((1, 2),)))


class HubHandler(BaseHTTPRequestHandler):
    """The three kinds of request that a pull makes: information, file and its content."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self.hub.portal:
            self._answer(200, self.hub.portal, {})
            return
        if match := re.fullmatch(rf"/api/models/{REPO}(?:/revision/(\w+))?", path):
            self._information(match[1] or self.hub.main)
        elif match := re.fullmatch(rf"/{REPO}/resolve/(\w+)/(.+)", path):
            self._answer(302, b"", {"Location": f"/content/{match[1]}/{match[2]}"})
        elif match := re.fullmatch(r"/content/(\w+)/(.+)", path):
            self._content(match[1], match[2])
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _information(self, revision: str) -> None:
        if revision not in self.hub.revisions:
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        siblings = []
        for name, content in self.hub.revisions[revision].items():
            file: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "b" * 40}
            if name != "config.json":
                sha256 = hashlib.sha256(content).hexdigest()
                file["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
            siblings.append(file)
        body = {"id": REPO, "modelId": REPO, "sha": revision, "siblings": siblings}
        self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _content(self, revision: str, name: str) -> None:
        self.hub.downloads.append(f"{revision}/{name}")
        if name == "config.json":
            self._answer(200, self.hub.revisions[revision][name], {})
            return
        self.hub.ranges.append(self.headers["Range"])
        if self.hub.fails_after_cut and self.hub.ranges[-1]:
            self._answer(503, b"", {})
            return
        content = self.hub.corrupted.get(name, self.hub.revisions[revision][name])
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        end = self.hub.cuts.pop(0) if self.hub.cuts else len(content)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            size = len(content)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        self.wfile.write(content[start:end])
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def use_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Set what HF_ENDPOINT sets when huggingface_hub is imported."""
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
