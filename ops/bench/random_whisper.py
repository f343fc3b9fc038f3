"""lwd's engine on random weights, in the child process that measures it: speed needs no words."""

import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten

from lwd.asr.mlx import engine, row
from lwd.asr.mlx.lightning import ModelDimensions, Whisper
from lwd.asr.mlx.words import Alignment
from lwd.asr.types import SAMPLE_RATE, Hints, Job, JobKind
from lwd.models.dimensions import Dimensions


class RandomWhisper:
    """An engine whose interims are all of so many tokens, whatever they hear."""

    def __init__(
        self, dims: Dimensions, heads: Sequence[tuple[int, int]], n_tokens: int, scratch: str
    ) -> None:
        weights_file = Path(scratch, "weights.safetensors")
        weights_file.with_name("config.json").write_text(dims.to_json())
        sizes = {name: getattr(dims, name) for name in Dimensions.__dataclass_fields__}
        whisper = Whisper(ModelDimensions(**sizes), mx.float16)
        mx.save_safetensors(str(weights_file), dict(tree_flatten(whisper.parameters())))
        # Random weights repeat themselves, and would be stopped for it.
        patch.object(engine, "max_tokens", lambda _: n_tokens).start()
        patch.object(row, "loop_tokens", lambda *_: 0).start()
        self._n_tokens = n_tokens
        self._engine = engine.MlxEngine(
            weights_file,
            alignment=Alignment(heads),
            memory_limit_bytes=None,
            cache_limit_bytes=None,
        )

    def transcribe(self, n_windows: int, duration_s: float) -> dict[str, float]:
        """Seconds for a batch of noise, by stage and as `whole`."""
        noise = np.random.default_rng(0).standard_normal((n_windows, int(duration_s * SAMPLE_RATE)))
        jobs = [
            Job(n, None, JobKind.INTERIM, samples, Hints(language="en"))
            for n, samples in enumerate(0.1 * noise.astype(np.float32))
        ]
        before = self._engine.seconds_by_stage()
        started_s = time.perf_counter()
        answers = list(self._engine.transcribe(jobs, lambda _: True))
        whole_s = time.perf_counter() - started_s
        lengths = {len(hypothesis.tokens) for _, hypothesis in answers}
        if lengths != {self._n_tokens}:
            raise RuntimeError(f"windows of {sorted(lengths)} tokens instead of {self._n_tokens}")
        after = self._engine.seconds_by_stage()
        return {name: after[name] - before[name] for name in after} | {"whole": whole_s}

    def device(self) -> str:
        """What MLX computes on."""
        info = mx.device_info(mx.default_device())
        return f"{mx.default_device()} {info.get('device_name', '')}".strip()


load = RandomWhisper
