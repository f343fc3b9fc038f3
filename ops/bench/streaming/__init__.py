"""How a live server is measured: calls made of recordings, clients in real time, scores, tables.

`compose` makes calls, `client` says what a server's client must do, `deepgram` is one, `run` lets
many of them call at once, and `score` rates what they heard. The sections of ops/bench/stream.py
are `calls`, `nonspeech`, `capacity` and `endurance`.
"""
