"""An object in a process of its own, so that neither threads nor libraries of two rivals mix."""

import importlib
import multiprocessing
from typing import TYPE_CHECKING, Any, Self

from lwd.asr.mlx.blas import load_blas

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_EXIT_TIMEOUT_S = 10.0


class Remote:
    """What `module.load(*arguments)` returns, in a child process; call its methods by name."""

    def __init__(self, module: str, *arguments: object, blas: bool) -> None:
        """Start the child; with `blas` it loads lwd's BLAS before the module, and so before MLX."""
        self._module = module
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, module, arguments, blas), daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.join(_EXIT_TIMEOUT_S)
        self._process.kill()

    def call(self, method: str, *arguments: object) -> Any:
        """What the method returns; raises RuntimeError when the child is gone, which says why."""
        try:
            self._connection.send((method, arguments))
            return self._connection.recv()
        except (EOFError, ConnectionError) as error:
            raise RuntimeError(f"{self._module} ended; what it printed says why") from error


def _serve(
    connection: "Connection[Any, Any]", module: str, arguments: tuple[object, ...], blas: bool
) -> None:
    if blas:
        load_blas()
    served = importlib.import_module(module).load(*arguments)
    while True:
        try:
            method, given = connection.recv()
        except EOFError:
            return
        connection.send(getattr(served, method)(*given))
