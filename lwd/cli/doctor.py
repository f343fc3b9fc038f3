"""`lwd doctor`: shows what its checks find. What they look at is lwd.doctor's affair."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from lwd.cli.command import Command
from lwd.cli.exits import FAILED
from lwd.cli.key_rules import KEY_RULES
from lwd.cli.model_rules import MODEL_RULES
from lwd.cli.options import config_option, json_option
from lwd.cli.output import show_json
from lwd.config import Config, load_config
from lwd.doctor.commands import ask
from lwd.doctor.findings import Finding, ok
from lwd.doctor.installation import check_installation
from lwd.doctor.machine import check_machine
from lwd.errors import ConfigInvalid

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "skip": None}


@click.command(
    cls=Command,
    examples={
        "lwd doctor --config /usr/local/etc/lwd/lwd.yaml": "Before lwd is left to itself:",
        "lwd doctor --json | jq '.[] | select(.status == \"fail\")'": "What fails, for a program:",
    },
    answers={FAILED: "a check fails"},
)
@config_option
@json_option
def doctor(config: Path | None, *, as_json: bool) -> int:
    """Check this machine and this installation for unattended service.

    Run it as the user that lwd runs as. A warning is no failure.
    """
    findings = []
    for finding in _findings(config):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        show_json([asdict(finding) for finding in findings])
    return FAILED if any(finding.status == "fail" for finding in findings) else 0


def _findings(path: Path | None) -> Iterator[Finding]:
    yield from check_machine(ask)
    try:
        config = load_config(path, rules=(*MODEL_RULES, *KEY_RULES))
    except ConfigInvalid as error:
        yield _config_invalid(path, error.problems)
        return
    yield ok("configuration", _source(config, path))
    yield from check_installation(config, ask)


def _source(config: Config, path: Path | None) -> str:
    keys = "without keys" if config.auth.is_open else "with keys"
    return f"{path or 'the defaults and LWD_* variables'}, {keys}"


def _config_invalid(path: Path | None, problems: Sequence[str]) -> Finding:
    meaning = "lwd does not start, and does not reload"
    remedy = "lwd check-config" + (f" {path}" if path else "")
    return Finding("configuration", "fail", "; ".join(problems), meaning, remedy)


def _show(finding: Finding) -> None:
    status = click.style(f"{finding.status:4}", fg=_COLOURS[finding.status])
    click.echo(f"{status}  {finding.check}: {finding.shown}")
    if finding.meaning:
        click.echo(f"      {finding.meaning}")
    if finding.remedy:
        click.echo(f"      $ {finding.remedy}")
