"""How many handshakes each key, or each address, may make in a minute.

Knows no clock: time comes in as seconds on any clock that does not go back.
"""

_WINDOW_S = 60.0
_MANY = 10_000


class HandshakeRate:
    """A bucket for each name that holds a minute's handshakes and fills evenly.

    Forgets those that are full again when there are many, as anybody may come from anywhere.
    """

    def __init__(self) -> None:
        self._full_at_s: dict[str, float] = {}

    def take(self, name: str, per_minute: int, now_s: float) -> float:
        """Take a handshake and return 0, or else return how long in seconds there is none."""
        full_at_s = max(self._full_at_s.get(name, now_s), now_s) + _WINDOW_S / per_minute
        wait_s = full_at_s - _WINDOW_S - now_s
        if wait_s > 0:
            return wait_s
        if len(self._full_at_s) >= _MANY:
            self._full_at_s = {one: at for one, at in self._full_at_s.items() if at > now_s}
        self._full_at_s[name] = full_at_s
        return 0.0
