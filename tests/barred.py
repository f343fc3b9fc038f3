"""A directory or file that whoever runs the tests may not read, even where that is root."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def barred(path: Path) -> Iterator[None]:
    """Have no access to it, nor to what is below it; what is above it is entered as before."""
    modes = {path: path.stat().st_mode}
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        closed = [above for above in path.parents if above.stat().st_mode & 0o055 != 0o055]
        modes |= {above: above.stat().st_mode for above in closed}
        for above in closed:
            above.chmod(modes[above] | 0o055)
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        for changed, mode in modes.items():
            changed.chmod(mode)
