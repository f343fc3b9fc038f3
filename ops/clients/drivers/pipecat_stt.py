"""The DeepgramSTTService of pipecat-ai, alone in a pipeline.

It keeps a stream alive by itself, and shows neither Metadata nor the close code: told to end, it
sends CloseStream and does not wait. Finalize is sent when the pipeline's VAD says that the user
stopped speaking.
"""

import asyncio
from typing import Any

from obey import obey, tell, tell_message
from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.workers.runner import WorkerRunner

_SAMPLE_RATE = 16_000


class Client:
    """A pipeline as an agent builds it."""

    def __init__(self, address: str, key: str) -> None:
        self._stt = DeepgramSTTService(api_key=key, base_url=f"ws://{address}")
        self._worker = PipelineWorker(
            Pipeline([self._stt]),
            params=PipelineParams(audio_in_sample_rate=_SAMPLE_RATE),
            cancel_on_idle_timeout=False,
        )
        self._has_failed = False
        self._worker.set_reached_downstream_filter((TranscriptionFrame, InterimTranscriptionFrame))
        for event, handler in {
            "on_pipeline_started": self._started,
            "on_pipeline_error": self._failed,
            "on_pipeline_finished": self._finished,
            "on_frame_reached_downstream": self._transcribed,
        }.items():
            self._worker.add_event_handler(event, handler)

    async def open(self) -> None:
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        self._running = asyncio.create_task(runner.run())

    async def audio(self, data: bytes) -> None:
        await self._worker.queue_frame(InputAudioRawFrame(data, _SAMPLE_RATE, 1))

    async def keep_alive(self) -> None:
        pass

    async def finalize(self) -> None:
        await self._worker.queue_frame(VADUserStoppedSpeakingFrame())

    async def close(self) -> None:
        await self._worker.queue_frame(EndFrame())

    async def _started(self, *_: Any) -> None:
        # The pipeline starts without its service, too.
        if not self._has_failed:
            tell("open")

    async def _failed(self, _: Any, frame: Any) -> None:
        self._has_failed = True
        tell("error", text=frame.error)

    async def _finished(self, *_: Any) -> None:
        tell("close", code=None)

    async def _transcribed(self, _: Any, frame: Any) -> None:
        tell_message(frame.result)


obey("pipecat-ai", Client)
