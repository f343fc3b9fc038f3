"""What a configuration must keep to that only the keys file can tell."""

from lwd.auth.keyfile import read_keys
from lwd.config import Config, Rule
from lwd.errors import KeysFileInvalid


def _expected_keys_file(config: Config) -> str | None:
    try:
        if config.auth.keys_file is not None:
            read_keys(config.auth.keys_file)
    except KeysFileInvalid as error:
        return f"a keys file that can be used; {error}"
    return None


KEY_RULES = (Rule("auth.keys_file", (), _expected_keys_file),)
