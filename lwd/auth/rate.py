"""How many handshakes each key may make in a minute.

Knows no clock: time comes in as seconds on any clock that does not go back.
"""

_WINDOW_S = 60.0


class HandshakeRate:
    """A bucket for each key that holds a minute's handshakes and fills evenly."""

    def __init__(self) -> None:
        self._full_at_s: dict[str, float] = {}

    def take(self, key_id: str, per_minute: int, now_s: float) -> float:
        """Take a handshake and return 0, or else return how long in seconds there is none."""
        full_at_s = max(self._full_at_s.get(key_id, now_s), now_s) + _WINDOW_S / per_minute
        wait_s = full_at_s - _WINDOW_S - now_s
        if wait_s > 0:
            return wait_s
        self._full_at_s[key_id] = full_at_s
        return 0.0
