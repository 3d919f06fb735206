"""Models from the hub into the store.

The hub client is huggingface_hub: it honours HF_ENDPOINT, HF_TOKEN and
HF_HUB_OFFLINE, resumes cut downloads in its own cache and checks lengths.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from summsvc.models.catalog import CatalogEntry
from summsvc.models.manifest import Manifest
from summsvc.models.store import Store

PATTERNS = ("*.json", "*.spm", "*.model", "*.txt", "model.safetensors")
"""What an engine reads. Weights in other forms are never fetched."""


class PullError(Exception):
    """A model could not be fetched; the message says why and what to do."""


def pull(entry: CatalogEntry, store: Store) -> Manifest:
    """Fetch a model at its catalogued revision and add it to the store.

    Shows a progress bar on a terminal. Raises PullError.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    offline = (
        f"{entry.id}: the model hub cannot be reached. Where it can be, fetch {entry.repository}, "
        f"bring the folder here and run: summsvc models add DIR --id {entry.id} "
        f"--task {entry.task.value}"
    )
    store.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="summsvc-pull-") as folder:
        try:
            fetched = snapshot_download(
                entry.repository,
                revision=entry.revision,
                allow_patterns=list(PATTERNS),
                local_dir=folder,
            )
        except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
            raise PullError(offline) from error
        except HfHubHTTPError as error:
            raise PullError(f"{entry.id}: the model hub answered: {error}") from error
        except OSError as error:
            raise PullError(f"{offline} ({error})") from error
        return store.add(
            Path(fetched),
            entry.id,
            entry.task,
            entry=entry,
            source=entry.repository,
            revision=entry.revision,
        )
