"""The commands that a newcomer tries, with real weights: a recording, and whether lwd works here."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import SPOKEN, bare, word_errors
from tests.e2e.conftest import Daemon


def lwd(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "lwd", *arguments],
        env={
            **os.environ,
            "LWD_MODEL__STORE": str(store),
            "LWD_MODEL__NAME": "tiny.en",
            "LWD_MODEL__REPLICAS": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_recording_is_heard_without_a_server(model_store: Path, speech_file: Path) -> None:
    """Its words, each with its time, and nothing else on either stream."""
    done = lwd(model_store, "transcribe", str(speech_file), "--json")

    assert (done.returncode, done.stderr) == (0, "")
    [channel] = json.loads(done.stdout)["results"]["channels"]
    [alternative] = channel["alternatives"]
    assert word_errors(bare(alternative["transcript"]), SPOKEN.split()) <= 3
    starts = [word["start"] for word in alternative["words"]]
    assert starts == sorted(starts)
    assert 5.5 < alternative["words"][-1]["end"] < 6.7


def test_smoke(model_store: Path) -> None:
    """`make smoke`: a daemon starts on a free port, hears a sentence and no tone, and goes."""
    done = lwd(model_store, "probe", "--start")

    assert (done.returncode, done.stderr) == (0, "")
    tone, sentence = done.stdout.splitlines()
    assert tone.startswith("ok    tone: 0 words")
    assert sentence.startswith("ok    sentence: ")


def test_smoke_tells_why_a_daemon_does_not_start(tmp_path: Path) -> None:
    """In the daemon's own words, and with its status."""
    done = lwd(tmp_path, "probe", "--start")

    assert done.returncode == 69
    [missing] = done.stderr.splitlines()
    assert "lwd models pull tiny.en" in missing


def test_a_running_daemon_is_well(daemon: Daemon, model_store: Path) -> None:
    """Its state, and the figures of the port for operators."""
    url = f"ws://127.0.0.1:{daemon.port}"

    done = lwd(model_store, "status", "--url", url, "--ops-port", str(daemon.ops_port), "--json")

    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["state"], told["engine"], told["capacity"]) == ("ready", "Connected", 100)
    assert None not in {told["version"], told["queued"], told["uptime_s"], told["streams"]}
