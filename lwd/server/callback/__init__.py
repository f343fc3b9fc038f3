"""`callback`: a stream's messages delivered to a URL of its client's choosing.

policy says where, client.py holds every connection to it, outbox and ledger are the messages that
wait and what became of the others, requests and relay are the two ways to deliver them.
https://developers.deepgram.com/docs/callback
"""

from lwd.server.callback.delivery import Callback, Callbacks

__all__ = ["Callback", "Callbacks"]
