"""The trained students in their published form, and catalog entries for them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

from tests.checkpoints import student


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def packed_student(pair: str) -> dict[str, bytes]:
    """The files of the student of "en-ru" or "en-lt" as they are served, the model first."""
    files = sorted(student(pair).iterdir(), key=lambda path: not path.name.startswith("model"))
    return {f"{path.name}.gz": gzip.compress(path.read_bytes(), mtime=0) for path in files}


def files_in_toml(packed: Mapping[str, bytes]) -> str:
    """The fact ``files`` of a catalog entry; only the model's unpacked form is known."""
    files = []
    for name, content in packed.items():
        unpacked = gzip.decompress(content)
        known = (
            f", unpacked_size = {len(unpacked)}, unpacked_sha256 = '{digest(unpacked)}'"
            if name.startswith("model")
            else ""
        )
        files.append(
            f"{{ name = '{name}', size = {len(content)}, sha256 = '{digest(content)}'{known} }}"
        )
    return f"[{', '.join(files)}]"
