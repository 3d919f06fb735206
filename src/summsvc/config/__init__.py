"""Settings of the server: what there is, and where each comes from."""

from summsvc.config.settings import CPU_SEQUENCES, GROUPS, Settings, default_model_dir
from summsvc.config.sources import ENV_PREFIX, SettingsError, load_settings

__all__ = [
    "CPU_SEQUENCES",
    "ENV_PREFIX",
    "GROUPS",
    "Settings",
    "SettingsError",
    "default_model_dir",
    "load_settings",
]
