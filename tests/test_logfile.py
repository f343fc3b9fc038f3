"""lwd.logfile: what stands on the disk after anything has happened to it."""

import os
import resource
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.logfile import LogFile

LINES = st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"") + b"\n"))


def oldest_first(path: Path) -> list[Path]:
    """All files of a log."""
    return sorted(path.parent.iterdir(), key=lambda file: -int("0" + file.suffix.strip(".log")))


@given(LINES, st.integers(1, 200), st.integers(1, 5))
def test_any_lines_are_kept_as_far_as_there_is_room(
    lines: list[bytes], max_bytes: int, keep: int
) -> None:
    """Files hold whole lines, in order, the newest ones; none is larger than it may be."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "lwd.log"
        log = LogFile(path, max_bytes, keep)
        for line in lines:
            log.write(line)
        log.close()
        files = oldest_first(path)
        contents = [file.read_bytes() for file in files]

    assert len(files) <= keep + 1
    written = b"".join(contents)
    assert b"".join(lines).endswith(written)
    assert written == b"".join(lines) or len(files) == keep + 1
    for content in contents:
        assert len(content) <= max_bytes or content.count(b"\n") == 1


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    """A restart appends, and what is there already counts."""
    path = tmp_path / "lwd.log"
    for _ in range(3):
        log = LogFile(path, 12, 2)
        log.write(b"12345\n")
        log.close()

    assert path.read_bytes() == b"12345\n"
    assert (tmp_path / "lwd.log.1").read_bytes() == b"12345\n12345\n"


@pytest.mark.parametrize("max_bytes", [None, 1000])
def test_a_file_that_is_renamed_or_removed_is_begun_anew(
    tmp_path: Path, max_bytes: int | None
) -> None:
    """The next line stands where people look for it."""
    path = tmp_path / "lwd.log"
    log = LogFile(path, max_bytes, 2)
    log.write(b"one\n")
    path.rename(tmp_path / "elsewhere")
    log.write(b"two\n")
    path.unlink()
    log.write(b"three\n")
    log.close()

    assert (tmp_path / "elsewhere").read_bytes() == b"one\n"
    assert path.read_bytes() == b"three\n"


def test_a_gap_among_old_files_is_no_fault(tmp_path: Path) -> None:
    """As a process leaves it that was killed while it renamed them."""
    path = tmp_path / "lwd.log"
    (tmp_path / "lwd.log.2").write_bytes(b"old\n")
    log = LogFile(path, 4, 3)
    log.write(b"one\n")
    log.write(b"two\n")
    log.close()

    assert path.read_bytes() == b"two\n"
    assert (tmp_path / "lwd.log.1").read_bytes() == b"one\n"
    assert (tmp_path / "lwd.log.3").read_bytes() == b"old\n"


def test_nothing_of_a_line_stays_for_which_there_is_no_room(tmp_path: Path) -> None:
    """The fault is told each time, and once there is room the next line is whole."""
    path = tmp_path / "lwd.log"
    log = LogFile(path, None, 1)
    log.write(b"one\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match=r"No space left|File too large"):
                log.write(b"two\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    log.write(b"three\n")
    log.close()

    assert path.read_bytes() == b"one\nthree\n"


def test_others_do_not_read_it(tmp_path: Path) -> None:
    """Ids and addresses are its owner's and its group's."""
    LogFile(tmp_path / "lwd.log", None, 1).close()

    assert (tmp_path / "lwd.log").stat().st_mode & 0o137 == 0


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Years of rotation end in one open file."""
    log = LogFile(tmp_path / "lwd.log", 1, 1)
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - pathlib would stat each

    for _ in range(50):
        log.write(b"line\n")

    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208 - as above
    log.close()
