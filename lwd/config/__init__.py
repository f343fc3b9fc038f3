"""The configuration of lwd: its keys (schema.py), what must hold between them (rules.py), and where their values come from (load.py)."""

from lwd.config.load import effective, load_config
from lwd.config.rules import Rule
from lwd.config.schema import (
    AuthConfig,
    CallbackConfig,
    Config,
    EngineConfig,
    LimitsConfig,
    LogConfig,
    ModelConfig,
    OpsConfig,
    ServerConfig,
    StreamingConfig,
    VadConfig,
)

__all__ = [
    "AuthConfig",
    "CallbackConfig",
    "Config",
    "EngineConfig",
    "LimitsConfig",
    "LogConfig",
    "ModelConfig",
    "OpsConfig",
    "Rule",
    "ServerConfig",
    "StreamingConfig",
    "VadConfig",
    "effective",
    "load_config",
]
