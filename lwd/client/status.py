"""Asks a daemon how it is, over both its ports: what an operator of several wants to see.

The port for clients tells whether it serves, and whoever has a key how much and how quickly. The
port for operators tells the latter on the daemon's own machine without a key, and answers already
while models load. What asks for a key is not asked without one: the daemon would count an intruder.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from lwd.auth.origin import is_loopback
from lwd.client.address import server_address
from lwd.client.causes import FOR_OPERATORS, INSTANCE, REFUSED_KEY, cause
from lwd.client.figures import Figures, read_metrics, read_operations

State = Literal["ready", "degraded", "down"]

DEFAULT_OPS_PORT = 8081

_WELL = ("Ready", "Healthy")
_OTHERS = "its port for operators is another daemon's; name the right one with --ops-port"
_UNTOLD = "no figures without --key or the right --ops-port"


@dataclass(frozen=True, slots=True)
class Host:
    """A daemon as it was named, and where its ports are."""

    name: str
    url: str
    ops_url: str

    @classmethod
    def parse(cls, name: str, ops_port: int) -> "Host":
        """Take `mini1`, `mini1:9001`, or an address such as `wss://mini1`; raises UsageError."""
        parts = server_address(name)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        scheme = "https" if parts.scheme == "wss" else "http"
        at = f"{host}:{parts.port}" if parts.port else host
        path = parts.path.rstrip("/").removesuffix("/v1/listen")
        return cls(name, f"{scheme}://{at}{path}", f"http://{host}:{ops_port}")


@dataclass(frozen=True, slots=True)
class Status:
    """How a daemon is. `reason` says what is amiss; `system_health` is Deepgram's word."""

    host: str
    state: State
    reason: str | None
    system_health: str | None
    engine: str | None
    streams: int | None
    figures: Figures
    is_key_refused: bool = False


async def ask_all(hosts: Sequence[Host], key: str | None, timeout_s: float) -> list[Status]:
    """How each daemon is, all asked at once; none takes longer than `timeout_s`.

    The key is for figures alone, and never sent in the clear to a host that is reached over TLS.
    """
    headers = {"Authorization": f"Token {key}"} if key else {}
    async with ClientSession(timeout=ClientTimeout(total=timeout_s)) as session:
        return await asyncio.gather(*(_ask(session, host, headers) for host in hosts))


async def _ask(session: ClientSession, host: Host, headers: Mapping[str, str]) -> Status:
    readiness, health_page, engine, operations, ops_readiness, metrics = await asyncio.gather(
        _get(session, f"{host.url}/readyz"),
        _get(session, f"{host.url}/v1/status"),
        _get(session, f"{host.url}/v1/status/engine"),
        _operations(session, host, headers),
        _get(session, f"{host.ops_url}/readyz"),
        _metrics(session, host, headers if host.url.startswith("http:") else {}),
    )
    # While its models load, a daemon answers its operators alone, and is not ready.
    is_starting = isinstance(ops_readiness, _Answer) and ops_readiness.status != HTTPStatus.OK
    answer = ops_readiness if isinstance(readiness, str) and is_starting else readiness
    status = _object(health_page)
    health = _text(status, "system_health")
    state, reason = _state(answer, health_page, health)
    is_key_refused = _has_status(operations, HTTPStatus.UNAUTHORIZED)
    told = _object(operations)
    is_others = not told and _are_two(readiness, ops_readiness)
    # The operators' port of one that is down may be another daemon's too.
    figures = Figures() if state == "down" or is_others else _figures(told, metrics)
    is_untold = figures == Figures() and not (state == "down" or is_others or is_key_refused)
    remarks = [
        reason,
        REFUSED_KEY if is_key_refused else None,
        _OTHERS if is_others else None,
        _UNTOLD if is_untold else None,
        *figures.concerns,
    ]
    active = status.get("active_stream_requests")
    return Status(
        host=host.name,
        state=state,
        reason="; ".join(filter(None, remarks)) or (str(readiness) if state == "down" else None),
        system_health=health,
        engine=_text(_object(engine), "engine_connection_status"),
        streams=active if isinstance(active, int) else None,
        figures=figures,
        is_key_refused=is_key_refused,
    )


def _are_two(readiness: "_Answer | str", ops_readiness: "_Answer | str") -> bool:
    """Whether the ports belong to two daemons; where one does not say, it is taken for the same."""
    instances = {a.instance for a in (readiness, ops_readiness) if isinstance(a, _Answer)}
    return len(instances - {None}) > 1


def _figures(operations: dict[str, object], metrics: str) -> Figures:
    return read_operations(operations) if operations else read_metrics(metrics, time.time())


def _state(
    answer: "_Answer | str", health_page: "_Answer | str", health: str | None
) -> tuple[State, str | None]:
    """The state and why; that a daemon which answers is ready is what /readyz says."""
    if isinstance(answer, str):
        return "down", None
    if answer.status not in (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE):
        return "down", f"/readyz answers with status {answer.status}: no lwd, or a proxy before it"
    if _has_status(health_page, HTTPStatus.NOT_FOUND):
        return "down", FOR_OPERATORS
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "degraded", _text(_parsed(answer.text), "err_msg") or answer.text.strip()
    if health in _WELL:
        return "ready", None
    return "degraded", f"system_health is {health}"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str
    instance: str | None


async def _operations(
    session: ClientSession, host: Host, headers: Mapping[str, str]
) -> _Answer | str:
    """What the clients' port tells whoever has a key."""
    if not headers:
        return "not asked"
    return await _get(session, f"{host.url}/v1/status/operations", headers)


async def _metrics(session: ClientSession, host: Host, headers: Mapping[str, str]) -> str:
    """What the operators' port tells of its metrics; nothing where it would ask for a key."""
    if not headers and not is_loopback(urlsplit(host.ops_url).hostname or ""):
        return ""
    answer = await _get(session, f"{host.ops_url}/metrics", headers)
    return answer.text if isinstance(answer, _Answer) and answer.status == HTTPStatus.OK else ""


async def _get(session: ClientSession, url: str, headers: Mapping[str, str] = {}) -> _Answer | str:
    """The answer, or why there is none."""
    try:
        async with session.get(url, headers=headers) as response:
            instance = response.headers.get(INSTANCE)
            return _Answer(response.status, await response.text(), instance)
    except TimeoutError:
        return "no answer in time"
    except ClientConnectorError as error:
        return cause(error)
    except (ClientError, UnicodeDecodeError) as error:
        return str(error)


def _has_status(answer: _Answer | str, status: HTTPStatus) -> bool:
    return isinstance(answer, _Answer) and answer.status == status


def _object(answer: _Answer | str) -> dict[str, object]:
    """The JSON object that is answered; empty where there is none."""
    if isinstance(answer, _Answer) and answer.status == HTTPStatus.OK:
        return _parsed(answer.text)
    return {}


def _parsed(text: str) -> dict[str, object]:
    """The JSON object that a text is; empty where it is none."""
    with suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, dict):
            return document
    return {}


def _text(document: dict[str, object], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
