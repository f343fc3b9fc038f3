"""What Deepgram's management API says of lwd: its models, and its one project.

Applications list the projects to see whether a key is good, and the models to offer them. Keys,
members, usage and billing are not lwd's.
https://developers.deepgram.com/reference/manage
"""

import string
import uuid

from aiohttp import web

from lwd.errors import InvalidParameter, WrongEndpoint
from lwd.server.auth import Authenticator
from lwd.server.engines import Engines, LoadedModel
from lwd.server.reply import json_response

_PROJECT_ID = uuid.uuid5(uuid.NAMESPACE_DNS, "project.lwd")
_PROJECT = {"project_id": str(_PROJECT_ID), "name": "lwd"}
"""The same on every machine: whoever has a key of lwd has it for all of lwd."""


class ManageHandlers:
    """Answers whoever may open a stream."""

    def __init__(self, engines: Engines, authenticator: Authenticator) -> None:
        self._engines = engines
        self._authenticator = authenticator

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the endpoints."""
        router.add_get("/v1/models", self._models)
        router.add_get("/v1/models/{model_id}", self._model)
        router.add_get("/v1/projects", self._projects)
        router.add_get("/v1/projects/{project_id}", self._project)
        router.add_get("/v1/projects/{project_id}/models", self._project_models)

    async def _models(self, request: web.Request) -> web.Response:
        """Every loaded model; none is outdated, so `include_outdated` adds none."""
        self._authenticator.authenticate(request)
        return self._list()

    async def _model(self, request: web.Request) -> web.Response:
        self._authenticator.authenticate(request)
        model = self._engines.named(request.match_info["model_id"])
        if model is None:
            raise WrongEndpoint(404, "NOT_FOUND", "Model not found.")
        return json_response(_entry(model))

    async def _projects(self, request: web.Request) -> web.Response:
        self._authenticator.authenticate(request)
        return json_response({"projects": [_PROJECT]})

    async def _project(self, request: web.Request) -> web.Response:
        self._authenticator.authenticate(request)
        _check_project(request.match_info["project_id"])
        return json_response(_PROJECT)

    async def _project_models(self, request: web.Request) -> web.Response:
        self._authenticator.authenticate(request)
        _check_project(request.match_info["project_id"])
        return self._list()

    def _list(self) -> web.Response:
        return json_response({"stt": [_entry(model) for model in self._engines], "tts": []})


def _entry(model: LoadedModel) -> dict[str, object]:
    return {
        "name": model.name,
        "canonical_name": f"whisper-{model.name}",
        "architecture": model.info.arch,
        "languages": list(model.pool.languages),
        "version": model.info.version,
        "uuid": model.info.uuid,
        "batch": False,
        "streaming": True,
        "formatted_output": False,
    }


def _check_project(project_id: str) -> None:
    """Raise WrongEndpoint unless it is lwd's, InvalidParameter where it is no UUID."""
    try:
        is_known = uuid.UUID(project_id) == _PROJECT_ID
    except ValueError:
        # Deepgram sends this one as bare text.
        problem = f"UUID parsing failed: {_fault(project_id)}"
        raise InvalidParameter(
            "project_id", problem, None, remedy="expected a UUID", status=404
        ) from None
    if not is_known:
        raise WrongEndpoint(404, "PROJECT_NOT_FOUND", "Project not found.")


def _fault(text: str) -> str:
    """What is wrong with a UUID, in the words of Rust's parser, which are Deepgram's."""
    for position, character in enumerate(text, 1):
        if character not in string.hexdigits + "-":
            shown = ascii(character)[1:-1]
            return (
                "invalid character: expected an optional prefix of `urn:uuid:` followed by"
                f" [0-9a-zA-Z], found `{shown}` at {position}"
            )
    length = len(text.replace("-", ""))
    return f"invalid length: expected length 32 for simple format, found {length}"
