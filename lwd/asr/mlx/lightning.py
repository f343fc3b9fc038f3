"""The parts of lightning-whisper-mlx that lwd builds on.

They are the module tree with the published weights' names, and the tokenizer with its
vocabularies. The package's own `__init__` imports its transcriber, which wants torch-era
requirements (numba, scipy) that lwd leaves out; so a bare package stands in for it.
"""

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType

_PACKAGE = "lightning_whisper_mlx"


def submodule(name: str) -> ModuleType:
    """Import a module of the package without running the package's `__init__`."""
    if _PACKAGE not in sys.modules:
        spec = find_spec(_PACKAGE)
        if spec is None:
            raise ModuleNotFoundError(f"{_PACKAGE} is not installed")
        # Made from its spec but never executed.
        sys.modules[_PACKAGE] = module_from_spec(spec)
    return importlib.import_module(f"{_PACKAGE}.{name}")


_whisper = submodule("whisper")
_tokenizer = submodule("tokenizer")

ModelDimensions = _whisper.ModelDimensions
Whisper = _whisper.Whisper
Tokenizer = _tokenizer.Tokenizer
get_tokenizer = _tokenizer.get_tokenizer
