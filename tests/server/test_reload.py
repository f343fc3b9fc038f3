"""What a reload leaves when something about it fails, and when models come and go."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

import pytest
from structlog.testing import capture_logs

from lwd import metrics
from lwd.asr.scripted import Script
from lwd.config import Config, load_config
from lwd.errors import ModelUnavailable
from lwd.server.admission import Streams
from lwd.server.connections import ConnectionLimit
from lwd.server.engines import Engines, LoadedModel
from lwd.server.live import Live
from lwd.server.reload import Reloader
from tests.server.conftest import MODEL, make_pool


class Subject:
    """A reloader, what it changes, and the configuration that it will read."""

    def __init__(self, tmp_path: Path) -> None:
        self.wanted = load_config(None, {"model.name": "tiny.en"}, {})
        self.live = Live(self.wanted)
        self.streams = Streams(self.wanted.limits)
        self.made: list[LoadedModel] = []
        self.commands = {"base": Script().command()}
        self._directory = tmp_path
        self.engines = Engines([self.make(self.wanted, "tiny.en")], None)
        self.connections = ConnectionLimit(self.wanted.limits, self.engines)
        limited = (self.streams, self.connections)
        self.reloader = Reloader(self.live, self.engines, limited, lambda: self.wanted, self.make)

    def make(self, _: Config, name: str) -> LoadedModel:
        """A model as configured; there is no `small`."""
        if name == "small":
            raise ModelUnavailable("model small: not in the store")
        command = self.commands.get(name, Script().command())
        info = replace(MODEL, uuid=str(uuid5(NAMESPACE_DNS, name)))
        model = LoadedModel(name, make_pool(self._directory, command=command), info)
        self.made.append(model)
        return model

    async def reload(self, **values: object) -> dict[str, object]:
        """Reload with these values; what the log says of it."""
        overrides = {name.replace("__", "."): value for name, value in values.items()}
        self.wanted = load_config(None, {"model.name": "tiny.en", **overrides}, {})
        with capture_logs() as logs:
            await self.reloader.reload()
        [told] = [one for one in logs if str(one["event"]).startswith("reload")]
        return dict(told)

    @property
    def serving(self) -> list[str]:
        """The models that a client may have."""
        return [model.name for model in self.engines]


@pytest.fixture
async def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Subject]:
    """A daemon's parts with one model and many files; the log's level stays pytest's."""
    monkeypatch.setattr("lwd.server.reload.set_level", lambda _: None)
    monkeypatch.setattr("lwd.server.connections.raise_file_limit", lambda: 10_000)
    subject = Subject(tmp_path)
    await subject.engines.start()
    yield subject
    await subject.engines.close()


@pytest.mark.parametrize(
    ("name", "script"),
    [("small", lambda _: Script()), ("base", lambda due: Script(accident="refuse", due=due))],
)
async def test_a_model_that_does_not_load_changes_nothing(
    subject: Subject, tmp_path: Path, name: str, script: Callable[[str], Script]
) -> None:
    """Not in the store, or its engine does not start: all stays as it was, limits too."""
    due = tmp_path / "due"
    due.mkdir()
    (due / "1").touch()
    subject.commands["base"] = script(str(due)).command()

    told = await subject.reload(model__also=["tiny", name], limits__streams=5)

    assert told["event"] == "reload_refused"
    assert name in str(told["reason"]) or "scripted" in str(told["reason"])
    assert subject.serving == ["tiny.en"]
    assert subject.streams.limit == 100
    assert subject.live.config.model.also == ()
    assert [model.name for model in subject.made if model.pool.pids] == ["tiny.en"]


async def test_limits_are_taken_all_together(subject: Subject) -> None:
    """More streams bring their connections with them, unless these have a number of their own."""
    assert subject.connections() == 300

    await subject.reload(limits__streams=150)
    assert (subject.streams.limit, subject.connections()) == (150, 400)

    told = await subject.reload(limits__streams=150, limits__connections=7)
    assert (told["applied"], told["needs_restart"]) == (["limits.connections"], [])
    assert subject.connections() == 7


async def test_models_come_and_go_and_come_back(subject: Subject) -> None:
    """One that a stream still has is kept for it, and is not loaded again when it is wanted again."""
    [first] = subject.engines
    with subject.engines.hold(first):
        assert (await subject.reload(model__name="base"))["models"] == ["base"]
        assert subject.serving == ["base"]
        assert first.pool.is_ready

        await subject.reload(model__name="tiny.en")
        assert list(subject.engines) == [first]
    await subject.reload(model__name="tiny.en", model__also=["base"])
    assert subject.serving == ["tiny.en", "base"]
    await subject.reload()

    await subject.engines.close()
    assert [model.name for model in subject.made] == ["tiny.en", "base", "base"]


async def test_a_model_that_is_gone_is_not_in_the_metrics(subject: Subject) -> None:
    """Else an alert would ask why its engine does not answer."""
    await subject.reload(model__name="base")
    await subject.engines.close()

    shown = [sample.labels for one in metrics.ENGINE_READY.collect() for sample in one.samples]
    assert shown.count({"model": "scripted", "replica": "0"}) <= 1


async def test_a_fault_of_lwd_is_told_and_ends_nothing(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next reload is tried as ever."""

    def fail(_: Config) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(subject.live, "replace", fail)
        assert (await subject.reload(limits__streams=5))["event"] == "reload_failed"

    assert (await subject.reload(limits__streams=5))["applied"] == ["limits.streams"]


@pytest.mark.parametrize(("port", "waiting"), [(9001, [["server.port"]]), (9000, [])])
async def test_keys_that_wait_for_a_restart_are_a_warning(
    subject: Subject, port: int, waiting: list[list[str]]
) -> None:
    """They are told of even by a reload that silences all that is less than a warning."""
    subject.wanted = load_config(
        None, {"model.name": "tiny.en", "server.port": port, "log.level": "warning"}, {}
    )
    with capture_logs() as logs:
        await subject.reloader.reload()

    warnings = [one for one in logs if one["log_level"] == "warning"]
    assert [one["needs_restart"] for one in warnings] == waiting
