"""The installer killed after each of its steps, on a Mac that is not one; the next run mends it."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.ops.fake_mac import SERVER, Mac, NewMac

CHANGES_NOTHING = re.compile(
    r"launchctl print|dscl \. -(read|list)|(id|curl|plutil|newsyslog|sleep|chown|sudo) |python -c"
)


def interrupted(
    new_mac: NewMac, prepare: Callable[[Mac], object], run: Callable[..., object], since: str = ""
) -> None:
    """Kill a run after each command that changes something; the same run then ends as if nothing was.

    `since` is part of the first of these commands.
    """
    whole = new_mac()
    prepare(whole)
    run(whole)
    wanted = _placeless(whole)
    first = next(n for n, call in enumerate(whole.calls) if since in call)
    steps = [
        n + 1
        for n, call in enumerate(whole.calls)
        if n >= first and not CHANGES_NOTHING.match(call)
    ]
    assert len(steps) > 5

    lanes = os.cpu_count() or 1
    with ThreadPoolExecutor(lanes) as pool:
        parts = pool.map(
            lambda n: list(_interrupt(new_mac(), prepare, run, steps[n::lanes], wanted)),
            range(lanes),
        )
    assert [fault for part in parts for fault in part] == []


def _interrupt(
    mac: Mac,
    prepare: Callable[[Mac], object],
    run: Callable[..., object],
    steps: Iterable[int],
    wanted: dict[str, str],
) -> Iterator[str]:
    """Kill a run after each of the steps, on one machine; yield what was wrong then."""
    prepare(mac)
    mac.keep()
    for step in steps:
        mac.restore()
        run(mac, KILL_AT=str(step))
        assert len(mac.calls) >= step
        at = mac.calls[-1]
        if not _is_consistent(mac):
            yield f"inconsistent after: {at}"
        run(mac)
        if _placeless(mac) != wanted:
            yield f"not mended after: {at}"


def _placeless(mac: Mac) -> dict[str, str]:
    """What lies on a machine, without the name of its root."""
    return {path: what.replace(str(mac.root), "") for path, what in mac.lies().items()}


def _is_consistent(mac: Mac) -> bool:
    """What launchd would start at the next boot is whole, or there is nothing to start."""
    plist = mac.plists / f"{SERVER}.plist"
    current = mac.code / "current"
    whole = (current / ".whole").exists() and (current / ".venv" / "lwd").exists()
    return (whole or not current.is_symlink()) and (
        not plist.exists() or plist.read_text().endswith("</plist>\n")
    )


def test_interrupted_install_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever a first install is killed, running it again installs lwd."""
    interrupted(new_mac, lambda _: None, Mac.install)


def test_interrupted_upgrade_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever an upgrade is killed, running it again upgrades, with the old release to go back to.

    What comes before the models is as in a first install.
    """

    def prepare(mac: Mac) -> None:
        mac.install()
        mac.release("2.0")

    interrupted(new_mac, prepare, Mac.install, since="models pull")


def test_interrupted_rollback_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever an upgrade that fails is killed, even while it goes back, the next one goes back.

    What comes before the switch is as in an upgrade that works.
    """

    def prepare(mac: Mac) -> None:
        mac.install()
        mac.release("2.0")
        mac.breaks("2.0")

    interrupted(new_mac, prepare, Mac.install, since="lwd/running")


def test_interrupted_uninstall_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever an uninstall is killed, running it again removes the rest."""
    interrupted(new_mac, Mac.install, partial(Mac.run, script="uninstall", PURGE="1"))
