"""What is in force of the configuration: what each new request is held to.

A reload replaces it whole, or not at all. A stream keeps what it began with.
"""

from aiohttp import hdrs, web

from lwd import metrics
from lwd.auth.keyring import Keyring
from lwd.auth.origin import LocalOnly
from lwd.config import Config
from lwd.server.address import Addresses
from lwd.server.callback import Callbacks
from lwd.server.reply import ADDRESS, Handler


class Live:
    """The configuration, and what is made of it."""

    config: Config
    keyring: Keyring
    local_only: LocalOnly
    addresses: Addresses
    callbacks: Callbacks

    def __init__(self, config: Config) -> None:
        """Put the configuration in force; raises KeysFileInvalid."""
        self.replace(config)
        metrics.CONFIG_CURRENT.set(1)

    def replace(self, config: Config) -> None:
        """Put another in force; raises KeysFileInvalid, and nothing has changed then."""
        keys = (key.get_secret_value() for key in config.auth.keys)
        self.keyring = Keyring(keys, config.auth.keys_file)
        self.local_only = LocalOnly(config.server.allowed_hosts, config.server.allowed_origins)
        self.addresses = Addresses(config.server.trusted_proxies)
        self.callbacks = Callbacks(config.callback)
        self.config = config

    @web.middleware
    async def note_address(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Tell where the client is, for limits and for the log."""
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, [])
        if (address := self.addresses.client(request.remote, forwarded)) is not None:
            request[ADDRESS] = address
        return await handler(request)
