"""Where the links of an Ogg chain end."""

import struct
from collections.abc import Iterable
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from lwd.decoding.chain import links
from tests.audio.encoders import cuts, pieces
from tests.decoding.inputs import Messages


def page(serial: int, body: bytes, *, is_first: bool = False) -> bytes:
    """A page of less than 255 bytes."""
    head = struct.pack("<4sBBQIII", b"OggS", 0, 2 * is_first, 0, serial, 0, 0)
    return head + bytes([1, len(body)]) + body


def split(parts: Iterable[bytes], n_bytes: int = 64) -> list[bytes]:
    """The bytes of each link, read so many at a time."""
    return [b"".join(iter(partial(link.read, n_bytes), b"")) for link in links(Messages(parts))]


ONE = page(1, b"head", is_first=True) + page(1, b"sound")
TWO = page(2, b"head", is_first=True) + page(2, b"OggS")
GROUP = page(3, b"head", is_first=True) + page(4, b"head", is_first=True) + page(3, b"sound")


@given(cuts=cuts, n_bytes=st.integers(1, 100))
def test_links_end_where_the_next_begin(cuts: list[int], n_bytes: int) -> None:
    """Wherever messages end, and however little is read at a time."""
    parts = [part for part in pieces(ONE + TWO + GROUP, cuts) if part]

    assert split(parts, n_bytes) == [ONE, TWO, GROUP]


def test_what_is_not_read_of_a_link_is_passed_over() -> None:
    """Whoever gives up a link gets the next from its start."""
    second = [link.read(1_000) for link in links(Messages([ONE + TWO]))][1]

    assert TWO.startswith(second)
    assert second


def test_a_header_that_comes_again_is_no_new_link() -> None:
    """Damage that looks like a first page does not cut a stream."""
    again = page(1, b"head", is_first=True)

    assert split([ONE + again + ONE]) == [ONE + again + ONE]


def test_garbage_belongs_to_the_link_before() -> None:
    """The next link begins with its header all the same."""
    assert split([ONE, b"x" * 1_000, TWO]) == [ONE + b"x" * 1_000, TWO]


@given(
    data=st.lists(st.sampled_from([ONE, TWO, GROUP, TWO[:20], TWO[:40]]) | st.binary(max_size=60)),
    cuts=cuts,
)
def test_any_bytes_are_read_to_their_end(data: list[bytes], cuts: list[int]) -> None:
    """Nothing is lost or made up between the links."""
    whole = b"".join(data)

    assert b"".join(split([part for part in pieces(whole, cuts) if part])) == whole
