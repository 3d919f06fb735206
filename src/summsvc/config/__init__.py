"""Server settings: definitions, sources (TOML file, environment, flags) and validation."""

from summsvc.config.groups.models import default_model_dir
from summsvc.config.groups.scheduling import CPU_SEQUENCES
from summsvc.config.settings import SETTING_GROUPS, Settings
from summsvc.config.sources import ENV_PREFIX, SettingsError, load_settings
from summsvc.config.values import split_address

__all__ = [
    "CPU_SEQUENCES",
    "ENV_PREFIX",
    "SETTING_GROUPS",
    "Settings",
    "SettingsError",
    "default_model_dir",
    "load_settings",
    "split_address",
]
