"""Prints the layers of an image in OCI layout: packed and unpacked size, digest, instruction."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any


def blob(folder: Path, digest: str) -> Path:
    """The file with this digest."""
    return folder / "blobs" / digest.replace(":", "/")


def unpacked_size(path: Path) -> int:
    """Bytes of a layer's tar archive."""
    size = 0
    with gzip.open(path) as stream:
        while chunk := stream.read(1 << 20):
            size += len(chunk)
    return size


def main() -> None:
    folder = Path(sys.argv[1])
    index: Any = json.loads((folder / "index.json").read_text("utf-8"))
    manifest: Any = json.loads(blob(folder, index["manifests"][0]["digest"]).read_text("utf-8"))
    config: Any = json.loads(blob(folder, manifest["config"]["digest"]).read_text("utf-8"))
    steps = [step["created_by"] for step in config["history"] if not step.get("empty_layer")]
    packed = unpacked = 0
    print(f"{'packed MB':>9} {'MB':>6}  digest of the tar archive, instruction")
    for layer, digest, step in zip(
        manifest["layers"], config["rootfs"]["diff_ids"], steps, strict=True
    ):
        size = unpacked_size(blob(folder, layer["digest"]))
        packed, unpacked = packed + layer["size"], unpacked + size
        print(f"{layer['size'] / 1e6:9.1f} {size / 1e6:6.1f}  {digest[7:19]}  {step[:70]}")
    print(f"{packed / 1e6:9.1f} {unpacked / 1e6:6.1f}  all")


if __name__ == "__main__":
    main()
