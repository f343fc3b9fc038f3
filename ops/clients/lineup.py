"""Which clients are tried: every generation of Deepgram's SDKs, a browser, and agent frameworks."""

from dataclasses import dataclass

from clients.environment import Kit, NodeKit, PythonKit


@dataclass(frozen=True, slots=True)
class Client:
    """What to install, and whether an application sees Metadata through it."""

    kit: Kit
    shows_metadata: bool = True


CLIENTS: dict[str, Client] = {
    "python-3.11.0": Client(PythonKit("deepgram-sdk==3.11.0", "python_sdk_3.py")),
    "python-4.8.1": Client(PythonKit("deepgram-sdk==4.8.1", "python_sdk_3.py")),
    "python-5.3.4": Client(PythonKit("deepgram-sdk==5.3.4", "python_sdk_5.py")),
    "python-6.1.1": Client(PythonKit("deepgram-sdk==6.1.1", "python_sdk_6.py")),
    "python-7.1.0": Client(PythonKit("deepgram-sdk==7.1.0", "python_sdk_6.py")),
    "python-newest": Client(PythonKit("deepgram-sdk", "python_sdk_6.py")),
    "js-3.13.0": Client(NodeKit("@deepgram/sdk@3.13.0", "js_sdk_3.mjs")),
    "js-4.11.3": Client(NodeKit("@deepgram/sdk@4.11.3", "js_sdk_3.mjs")),
    "js-5.0.0": Client(NodeKit("@deepgram/sdk@5.0.0", "js_sdk_5.mjs")),
    "js-newest": Client(NodeKit("@deepgram/sdk", "js_sdk_5.mjs")),
    "browser": Client(NodeKit("playwright-core", "browser.mjs")),
    "livekit": Client(PythonKit("livekit-plugins-deepgram", "livekit_stt.py"), False),
    "pipecat": Client(PythonKit("pipecat-ai[deepgram]", "pipecat_stt.py"), False),
}
"""By the name that --only takes."""
