"""Serves a trained student of the tests as it is published, while a command runs.

    python scripts/published_student.py CATALOG -- COMMAND ...

Writes the student's catalog entry to CATALOG and sets MIRROR to the server's address.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.models.published import files_in_toml, packed_student
from tests.models.web import serving

BASE = "https://files.example/models/tiny/enru"


def main() -> None:
    catalog, separator, *command = sys.argv[1:]
    assert separator == "--"
    packed = packed_student("en-ru")
    Path(catalog).write_text(
        "[tiny]\ntask = 'translation'\ntitle = 'A student'\narchitecture = 'student'\n"
        f"base_url = '{BASE}'\nrevision = '{'0' * 40}'\npairs = ['en-ru']\n"
        f"files = {files_in_toml(packed)}\nlicense = {{ spdx_id = 'MPL-2.0' }}\n",
        "utf-8",
    )
    with serving() as web:
        for name, content in packed.items():
            web.put(f"{BASE}/{name}", content)
        done = subprocess.run(command, env=os.environ | {"MIRROR": web.endpoint}, check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
