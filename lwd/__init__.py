"""lwd: live speech recognition with Whisper on MLX, behind Deepgram's WebSocket protocol."""

__version__ = "0.1.0"
