"""lwd.config: what a person who configures lwd would notice."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from lwd.config import AuthConfig, Config, ServerConfig, VadConfig, effective, load_config
from lwd.config.load import EARLIER_VARIABLES, FIELDS, SECTIONS, expected
from lwd.errors import ConfigInvalid

ROOT = Path(__file__).parent.parent
UNITS = {"s": "s", "ms": "ms", "bytes": "bytes", "mb": "MiB", "rate": "Hz"}


def problems(
    path: Path | None = None, overrides: dict[str, object] | None = None, **environ: str
) -> list[str]:
    """Load what cannot be loaded and return the reported faults."""
    with pytest.raises(ConfigInvalid) as caught:
        load_config(path, overrides or {}, environ)
    return list(caught.value.problems)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lwd.yaml"


def test_defaults_need_no_source() -> None:
    """Without a file, variables or options, the documented defaults hold."""
    config = load_config(None, {}, {})

    assert config.model_dump() == Config().model_dump()
    assert (config.server.host, config.server.port) == ("127.0.0.1", 9000)
    assert config.model.store == Path.home() / ".cache/lwd/models"


def test_sources_win_in_order(file: Path) -> None:
    """The command line beats LWD_*, LWD_* the earlier server's variables, those the file."""
    file.write_text("model: {name: from-file}\nserver: {port: 1}\nlimits: {streams: 1}\n")
    environ = {"LIGHTNING_WHISPER_MODEL": "from-earlier"}

    assert load_config(file, {}, {}).model.name == "from-file"
    assert load_config(file, {}, environ).model.name == "from-earlier"

    environ |= {"LWD_MODEL__NAME": "from-lwd", "LWD_SERVER__PORT": "2"}
    config = load_config(file, {"server.port": 3}, environ)

    assert (config.model.name, config.server.port, config.limits.streams) == ("from-lwd", 3, 1)


def test_values_tell_where_they_came_from(file: Path) -> None:
    """The effective configuration names the source of each value that is not a default."""
    file.write_text("limits: {streams: 7}\n")
    config = load_config(file, {"server.port": 9001}, {"LWD_LOG__LEVEL": "debug"})

    lines = effective(config).splitlines()

    assert "  port: 9001  # command line" in lines
    assert f"  streams: 7  # {file}" in lines
    assert "  level: debug  # LWD_LOG__LEVEL" in lines
    assert "  host: 127.0.0.1" in lines


def test_effective_configuration_loads_again(file: Path) -> None:
    """What check-config prints is itself a configuration file."""
    config = load_config(None, {"model.language": "no", "model.also": ["base", "tiny"]}, {})
    file.write_text(effective(config))

    assert load_config(file, {}, {}).model_dump() == config.model_dump()


def test_effective_configuration_masks_keys() -> None:
    """Keys are counted, not shown."""
    config = load_config(None, {"auth.keys": ["sentinel", "sentinel2"]}, {})

    assert "sentinel" not in effective(config) + repr(config) + str(config.model_dump())
    assert "keys: ['**********', '**********']" in effective(config)


@pytest.mark.parametrize(
    ("name", "value", "section", "field", "parsed"),
    [
        ("LIGHTNING_WHISPER_MODEL", "distil-small.en", "model", "name", "distil-small.en"),
        ("LIGHTNING_WHISPER_BATCH_SIZE", "4", "engine", "batch_size", 4),
        ("LIGHTNING_WHISPER_QUANT", "8bit", "model", "quantization", "8bit"),
        ("LIGHTNING_WHISPER_QUANT", "", "model", "quantization", None),
        ("LIGHTNING_WHISPER_CHUNK_SIZE", "2.5", "streaming", "chunk_s", 2.5),
        ("LIGHTNING_WHISPER_SAMPLE_RATE", "8000", "streaming", "assumed_sample_rate", 8000),
        ("LIGHTNING_WHISPER_LANGUAGE", "de", "model", "language", "de"),
        ("LIGHTNING_WHISPER_ENABLE_WORD_TIMESTAMPS", "false", "engine", "word_timestamps", False),
        ("LWD_MODEL__LANGUAGE", "no", "model", "language", "no"),
        ("LWD_MODEL__ALSO", "[base, tiny.en]", "model", "also", ("base", "tiny.en")),
        ("LWD_MODEL__ALIASES", "{nova-3: small}", "model", "aliases", {"nova-3": "small"}),
        ("LWD_ENGINE__CPU_THREADS", "null", "engine", "cpu_threads", None),
        ("LWD_ENGINE", "{cpu_threads: 4}", "engine", "cpu_threads", 4),
        ("lwd_server__port", "nonsense", "server", "port", 9000),
    ],
)
def test_variables_set_their_field(
    name: str, value: str, section: str, field: str, parsed: object
) -> None:
    """Each variable, the earlier server's too, reaches its key with the key's type."""
    config = load_config(None, {}, {name: value, "PATH": "/bin"})

    assert getattr(getattr(config, section), field) == parsed


def test_every_earlier_variable_names_a_key() -> None:
    """No variable of the earlier server is mapped to a key that is gone."""
    assert set(EARLIER_VARIABLES.values()) <= set(FIELDS)


def test_keys_stay_as_they_are_written(file: Path) -> None:
    """A key that looks like a number keeps its digits."""
    file.write_text("auth: {keys: [0012, 1e5, yes]}\n")

    keys = load_config(file, {}, {}).auth.keys

    assert [key.get_secret_value() for key in keys] == ["0012", "1e5", "yes"]


def test_every_fault_is_reported_at_once(file: Path) -> None:
    """One run tells all there is to correct, whichever source it is in."""
    file.write_text(
        "server: {port: 70000, host: 0.0.0.0, prot: 1}\n"
        "vad:\n"
        "  silence_threshold: 0.9\n"
        "  silence_threshold: 0.8\n"
        "model: {also: [tiny, a/b]}\n"
        "engine: 5\n"
        "sever: {port: 1}\n"
    )

    faults = problems(
        file,
        {"log.level": "loud"},
        LWD_ENGINE__BATCH_SIZE="many",
        LWD_SERVER__PROT="1",
        LWD_AUTH__KEYS="[a",
        LIGHTNING_WHISPER_QUNT="4bit",
    )

    where = f"({file})"
    assert (
        "\n".join(faults)
        == f"""\
{file}, line 4: silence_threshold is given twice
server.prot {where}: unknown key; did you mean server.port?
engine {where}: expected a mapping
sever {where}: unknown key; did you mean server?
LIGHTNING_WHISPER_QUNT: unknown variable; did you mean LIGHTNING_WHISPER_QUANT?
LWD_AUTH__KEYS, line 1: not YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'
LWD_SERVER__PROT: unknown variable; did you mean LWD_SERVER__PORT?
server.port {where}: 70000; expected a whole number from 0 to 65535
model.also.1 {where}: a/b; expected a model's name such as distil-small.en
engine.batch_size (LWD_ENGINE__BATCH_SIZE): many; expected a whole number from 1 to 256
log.level (command line): loud; expected debug or info or warning or error
server.host {where}: 0.0.0.0; expected a loopback address such as 127.0.0.1 while auth.keys is empty, \
or else at least one key there or in auth.keys_file
vad.silence_threshold {where}: 0.8; expected at most vad.speech_threshold"""
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: b: c", ", line 1: not YAML: mapping values are not allowed here"),
        ("a: 1\nb: *c", ", line 2: not YAML: found undefined alias 'c'"),
        ("a: \x00", ": not YAML"),
        (
            "? [a]\n: 1",
            ", line 1: not YAML: while constructing a mapping, found unhashable key",
        ),
        (
            "--- 1\n--- 2",
            ", line 2: not YAML: expected a single document in the stream, but found another document",
        ),
        ("[server]", ": expected a mapping of sections"),
        ("just words", ": expected a mapping of sections"),
    ],
)
def test_file_that_is_no_mapping_is_refused(file: Path, text: str, problem: str) -> None:
    """A file that is not YAML, or no mapping, is refused with the line at fault."""
    file.write_text(text)

    assert problems(file) == [f"{file}{problem}"]


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A file that is missing or a directory is named with the reason."""
    assert problems(tmp_path / "none") == [
        f"{tmp_path}/none: cannot be read: No such file or directory"
    ]
    assert problems(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "server:\n", "log: {}\n"])
def test_file_may_leave_everything_out(file: Path, text: str) -> None:
    """An empty file and an empty section mean the defaults."""
    file.write_text(text)

    assert load_config(file, {}, {}).model_dump() == Config().model_dump()


def test_tags_construct_nothing(file: Path) -> None:
    """A tag in the file is read as plain text, never as code."""
    file.write_text("model: {name: !!python/object/apply:os.getcwd []}\n")

    assert problems(file)[0].startswith(f"model.name ({file}): []; expected")


def test_secrets_are_not_in_faults(file: Path) -> None:
    """A misplaced or faulty key is reported without its value."""
    file.write_text("auth: [sentinel]\n")
    assert "sentinel" not in str(problems(file))

    file.write_text("auth: {keys: {a: sentinel}, key: sentinel}\nkeys: sentinel\n")
    assert "sentinel" not in str(problems(file))

    assert problems(LWD_AUTH__KEYS="sentinel") == [
        "auth.keys (LWD_AUTH__KEYS): expected a list of at most 1000, each a key"
    ]
    assert problems(LWD_AUTH__KEYS="[sentinel, '']") == [
        "auth.keys.1 (LWD_AUTH__KEYS): expected a key"
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    """Without keys, any loopback address will do."""
    assert load_config(None, {"server.host": host}, {}).server.host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "mac-mini.local"])  # noqa: S104
def test_other_addresses_need_a_key(host: str) -> None:
    """Without keys, lwd refuses to listen where others could reach it."""
    assert len(problems(None, {"server.host": host})) == 1
    for keys in ({"auth.keys": ["k"]}, {"auth.keys_file": "keys.json"}):
        assert load_config(None, {"server.host": host, **keys}, {}).server.host == host


@pytest.mark.parametrize(
    ("listen", "agent", "faulty"),
    [
        ("127.0.0.1:9000", None, "ops.listen"),
        ("localhost:9000", None, "ops.listen"),
        ("0.0.0.0:9000", None, "ops.listen"),
        ("127.0.0.1:8081", "127.0.0.1:8081", "ops.agent_listen"),
        ("127.0.0.1:8081", "0.0.0.0:9000", "ops.agent_listen"),
    ],
)
def test_listeners_share_no_port(listen: str, agent: str | None, faulty: str) -> None:
    """One of the two would break the other, or never be reached."""
    values: dict[str, object] = {"ops.listen": listen, "ops.agent_listen": agent}
    values["auth.keys"] = ["k"]

    [problem] = problems(None, values)

    assert problem.startswith(f"{faulty} ")


@pytest.mark.parametrize(
    ("listen", "agent"),
    [("[::1]:9000", None), ("127.0.0.1:8081", "127.0.0.1:8082"), ("127.0.0.1:0", "127.0.0.1:0")],
)
def test_listeners_that_do_not_meet(listen: str, agent: str | None) -> None:
    """The same port of another address, another port, and whichever is free."""
    config = load_config(None, {"ops.listen": listen, "ops.agent_listen": agent}, {})

    assert config.ops.listen == listen


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("server.allowed_hosts", "lwd.example", "lwd.example:9000"),
        ("server.allowed_hosts", "192.168.1.5", "https://lwd.example"),
        ("server.allowed_origins", "https://app.example:8443", "app.example"),
        ("server.allowed_origins", "null", "https://app.example/"),
        ("server.allowed_origins", "file://", "*"),
    ],
)
def test_what_a_browser_never_sends_is_refused(key: str, good: str, bad: str) -> None:
    """A host has no port here, and an origin has a scheme and no path; else nothing would match."""
    assert load_config(None, {key: [good]}, {}).origin(key)
    [problem] = problems(None, {key: [bad]})
    assert problem.startswith(f"{key}.0 (command line): {bad}; expected ")


def test_the_origin_of_local_files_is_quoted(file: Path) -> None:
    """`null` without quotes is YAML's own, as everywhere in the file."""
    file.write_text("server: {allowed_origins: ['null', https://app.example]}\n")

    assert load_config(file, {}, {}).server.allowed_origins == ("null", "https://app.example")


def test_an_alias_means_a_loaded_model() -> None:
    """Every alias of a model that is not loaded is named, with those that are."""
    aliases = {"nova-3": "small-4bit", "nova-2": "base"}
    loaded = {"model.quantization": "4bit", "model.also": ["base"], "model.aliases": aliases}

    assert load_config(None, loaded, {}).model.aliases == aliases
    [problem] = problems(None, {"model.aliases": aliases})
    assert problem.startswith("model.aliases (command line): {'nova-2': 'base', ")
    assert problem.endswith("; small-4bit, base is not loaded: add it to model.also")
    assert problems(None, {"model.aliases": {"nova-3": "a/b"}}) == [
        "model.aliases.nova-3 (command line): a/b; expected a model's name such as distil-small.en"
    ]
    assert len(problems(None, {"model.name": "a/b", "model.aliases": {"x": "base"}})) == 1


@pytest.mark.parametrize(
    ("aliases", "unclear"),
    [
        ("{SMALL: base}", "'SMALL'"),
        ("{whisper-Base: small}", "'whisper-Base'"),
        ("{nova-3: small, nova-2: small, Nova-3: base}", "'nova-3', 'Nova-3'"),
        ("{'': small}", "''"),
        ("{~: small}", "''"),
    ],
)
def test_an_alias_means_one_model(aliases: str, unclear: str) -> None:
    """A name that a client could ask for in vain, or get either of two models by, is refused."""
    [problem] = problems(LWD_MODEL__ALSO="[base]", LWD_MODEL__ALIASES=aliases)

    assert problem.startswith("model.aliases (LWD_MODEL__ALIASES): ")
    assert problem.endswith(f"not alike but for case; correct {unclear}")


@pytest.mark.parametrize(
    ("also", "repeated"), [("[base, base]", "base"), ("[base, small]", "small")]
)
def test_a_model_is_loaded_once(also: str, repeated: str) -> None:
    """A model that is named twice, or is the default, is no further model."""
    assert problems(LWD_MODEL__ALSO=also)[0].endswith(
        f"expected models other than the default small, each once; {repeated} is repeated"
    )


def test_rule_is_not_judged_by_a_faulty_value() -> None:
    """A key that does not parse does not also count as no key at all."""
    faults = problems(None, {"server.host": "0.0.0.0", "auth.keys": [""]})  # noqa: S104

    assert faults == ["auth.keys.0 (command line): expected a key"]


def test_config_built_in_code_keeps_the_rules() -> None:
    """There is no way around the rules between fields, nor a way to change them afterwards."""
    with pytest.raises(ValidationError, match=r"server\.host: expected a loopback address"):
        Config(server=ServerConfig(host="0.0.0.0"))  # noqa: S104
    with pytest.raises(ValidationError, match=r"vad\.silence_threshold: expected at most"):
        Config(vad=VadConfig(speech_threshold=0.2))
    with pytest.raises(ValidationError, match="frozen"):
        Config().server.port = 1
    assert (
        Config(auth=AuthConfig(keys=(SecretStr("k"),)), server=ServerConfig(host="::")).server.host
        == "::"
    )


@pytest.mark.parametrize("path", FIELDS)
def test_numbers_are_bounded(path: str) -> None:
    """Every number has a least and a greatest value, and both are enforced."""
    schema = FIELDS[path].get("anyOf", [FIELDS[path]])[0]
    if schema.get("type") not in {"integer", "number"}:
        return
    for value in (schema["minimum"] - 1, schema["maximum"] + 1, "nan"):
        faults = problems(None, {path: value})
        assert faults == [f"{path} (command line): {value}; expected {expected(FIELDS[path])}"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
NAMES = st.sampled_from([path.partition(".")[2] for path in FIELDS]) | st.text()
DOCUMENTS = st.dictionaries(
    st.sampled_from(SECTIONS) | st.text(), st.dictionaries(NAMES, VALUES) | VALUES
)


@given(st.binary() | DOCUMENTS.map(yaml.safe_dump).map(str.encode))
def test_any_file_is_either_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """No content of a file makes lwd crash."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    with suppress(ConfigInvalid):
        load_config(file, {}, {})


def test_dotted_keys_are_unknown(file: Path) -> None:
    """A key has one place in the file: below its section."""
    file.write_text("server.port: 9001\n")

    assert problems(file) == [
        f"server.port ({file}): unknown key; port belongs under server:",
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("port: 9001", "; did you mean server.port?"),
        ("engine: {port: 9001}", "; did you mean server.port?"),
        ("key: sentinel", "; did you mean auth.keys?"),
        ("sever: {port: 1}", "; did you mean server?"),
        ("zebra: 1", ""),
    ],
)
def test_unknown_keys_hint_what_is_spelt_alike(file: Path, text: str, hint: str) -> None:
    """A key that is misspelt, or in no section or the wrong one, is led to the right one."""
    file.write_text(text)

    [problem] = problems(file)

    assert problem.endswith(f"({file}): unknown key{hint}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("LWD_PORT", "; did you mean LWD_SERVER__PORT?"),
        ("LWD_SERVER_PORT", "; did you mean LWD_SERVER__PORT?"),
        ("LWD_SERVER__PROT", "; did you mean LWD_SERVER__PORT?"),
        ("LWD_Server__Port", "; did you mean LWD_SERVER__PORT?"),
        ("LWD_LANGUAGE", "; did you mean LWD_MODEL__LANGUAGE?"),
        ("LIGHTNING_WHISPER_LANGUGE", "; did you mean LIGHTNING_WHISPER_LANGUAGE?"),
        ("LIGHTNING_WHISPER_HOST", "; did you mean LWD_SERVER__HOST?"),
        ("LIGHTNING_WHISPER_ZEBRA", ""),
        ("LWD_DEBUG", ""),
        ("LWD_", ""),
    ],
)
def test_unknown_variables_hint_variables(name: str, hint: str) -> None:
    """A variable is led to the variable that is spelt alike, the prefix aside."""
    assert problems(None, None, **{name: "1"}) == [f"{name}: unknown variable{hint}"]


def test_shipped_file_states_every_default() -> None:
    """config/lwd.yaml shows every key with the value it has when left out."""
    path = ROOT / "config/lwd.yaml"
    stated = {
        f"{section}.{name}"
        for section, keys in yaml.safe_load(path.read_text()).items()
        for name in keys
    }

    assert stated == set(FIELDS)
    assert load_config(path, {}, {}).model_dump() == Config().model_dump()


def test_development_file_states_only_what_differs() -> None:
    """config/dev.yaml loads the tiny model and logs for people, and changes nothing else."""
    config = load_config(ROOT / "config/dev.yaml", {}, {})

    changed = {path for path in FIELDS if config.origin(path)}

    assert changed == {"model.name", "log.format"}
    assert (config.model.name, config.log.format) == ("tiny.en", "console")


def row(path: str) -> str:
    """Write the row of a key in docs/configuration.md, from the models."""
    schema = FIELDS[path]
    earlier = [name for name, key in EARLIER_VARIABLES.items() if key == path]
    variables = ["LWD_" + path.replace(".", "__").upper(), *earlier]
    default = yaml.safe_dump(schema["default"], default_flow_style=True).splitlines()[0]
    cells = [
        f"`{path}`",
        f"`{default}`",
        UNITS.get(re.split("[._]", path)[-1], ""),
        expected(schema),
        " ".join(f"`{name}`" for name in variables),
        schema["description"],
    ]
    return f"| {' | '.join(cells)} |"


def test_documentation_is_complete() -> None:
    """docs/configuration.md has each key with its default, unit, bounds and variables, and no other."""
    text = (ROOT / "docs/configuration.md").read_text()
    documented = [line for line in text.splitlines() if re.match(r"\| `[a-z]+\.", line)]

    assert documented == [row(path) for path in FIELDS]
