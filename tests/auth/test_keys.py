"""What a key is, and the text that lists keys."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.auth.keys import Key, fingerprint, format_keys, new_secret, parse_keys

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HASH = fingerprint("secret")


def listing(*entries: object, **further: object) -> bytes:
    """The text of a keys file."""
    return json.dumps({"keys": entries, **further}).encode()


def test_keys_survive_their_text() -> None:
    """What is written is read again, every field of it."""
    keys = (
        Key(id="a", sha256=HASH),
        Key(
            id="front-desk_2",
            sha256=fingerprint("other"),
            label="Empfang, 2. Stock",
            streams=4,
            handshakes_per_minute=60,
            disabled=True,
            created=NOW,
            expires=NOW + timedelta(days=1),
            generation=3,
        ),
    )

    assert parse_keys(format_keys(keys)) == keys


def test_an_id_and_a_hash_are_enough() -> None:
    """A file written by hand or by a tool may leave out everything else."""
    [key] = parse_keys(listing({"id": "desk", "sha256": HASH}))

    assert key == Key(id="desk", sha256=HASH)
    assert key.state(NOW) == "enabled"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "Invalid JSON"),
        (b"[]", "should be an object"),
        (b"{}", "keys: Field required"),
        (listing({"id": "a"}), "keys.0.sha256: Field required"),
        (listing({"id": "a", "sha256": "sentinel"}), "keys.0.sha256: String should match"),
        (listing({"id": "A b", "sha256": HASH}), "keys.0.id: String should match"),
        (listing({"id": "a", "sha256": HASH, "disable": True}), "keys.0.disable: Unexpected"),
        (listing({"id": "a", "sha256": HASH, "streams": 0}), "keys.0.streams: Input should be"),
        (listing({"id": "a", "sha256": HASH, "label": "a\nb"}), "keys.0.label: String should"),
        (
            listing({"id": "a", "sha256": HASH, "expires": "2026-11-25T12:00:00"}),
            "keys.0.expires: Input should have timezone info",
        ),
        (listing(signing="sentinel"), "signing: Unexpected"),
        (
            listing({"id": "a", "sha256": HASH}, {"id": "a", "sha256": fingerprint("b")}),
            "keys.1.id: another key has it too",
        ),
        (
            listing({"id": "a", "sha256": HASH}, {"id": "b", "sha256": HASH}),
            "keys.1.sha256: another key has it too",
        ),
        (
            listing(*({"id": f"k{n}", "sha256": fingerprint(str(n))} for n in range(1001))),
            "keys: Tuple should have at most 1000 items",
        ),
    ],
)
def test_a_fault_is_named(text: bytes, fault: str) -> None:
    """The field at fault is named, and no value is shown: it might be a key."""
    with pytest.raises(ValueError, match=re.escape(fault)) as caught:
        parse_keys(text)

    assert "sentinel" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (Key(id="a", sha256=HASH, expires=NOW + timedelta(seconds=1)), "enabled"),
        (Key(id="a", sha256=HASH, expires=NOW), "expired"),
        (Key(id="a", sha256=HASH, expires=NOW, disabled=True), "disabled"),
    ],
)
def test_a_key_ends(key: Key, state: str) -> None:
    """At `expires` to the second, or when it is disabled."""
    assert key.state(NOW) == state


def test_secrets_suit_every_sdk() -> None:
    """Forty lower-case hexadecimal digits, another each time."""
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(re.fullmatch("[0-9a-f]{40}", secret) for secret in secrets)


@given(st.binary() | (st.text() | st.none() | st.lists(st.text())).map(listing))
def test_any_text_is_keys_or_a_fault(text: bytes) -> None:
    """No content of the file raises anything but ValueError."""
    with suppress(ValueError):
        parse_keys(text)


@given(st.text(st.characters(exclude_categories=())))
def test_any_secret_has_a_fingerprint(secret: str) -> None:
    """Lone surrogates, which undecodable headers hold, do not break the comparison."""
    assert re.fullmatch("[0-9a-f]{64}", fingerprint(secret))
