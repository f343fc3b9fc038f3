"""Macs that are none: tests/ops/fake_mac.py."""

from itertools import count
from pathlib import Path

import pytest

from tests.ops.fake_mac import Mac, NewMac


@pytest.fixture
def new_mac(tmp_path: Path) -> NewMac:
    """Machines that lwd was never on."""
    numbers = count()
    return lambda: Mac(tmp_path / str(next(numbers)))


@pytest.fixture
def mac(new_mac: NewMac) -> Mac:
    """A machine that lwd was never on."""
    return new_mac()


@pytest.fixture
def served(mac: Mac) -> Mac:
    """A machine with version 1.0 in service, and 2.0 checked out."""
    assert mac.install().returncode == 0
    mac.release("2.0")
    return mac
