"""What `make test-console` runs: the console in Debian's Chromium, before real daemons.

Its microphone hears the recording that lightning-whisper-mlx ships, once for each time that it is
opened. Screenshots go to build/console.
"""
