"""Deepgram's `/v1/listen` WebSocket protocol, without sockets and without a clock.

Read it in the order of a connection: `params` (the query of the upgrade), `control` (what the
client says), `session` (the rules of one stream), `messages` (what the server says), `closing`
(how it ends). The package knows no audio format, no model and no event loop.
"""
