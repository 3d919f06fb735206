"""Serves trained students of the tests as they are published, while a command runs.

    python scripts/published_student.py CATALOG [ID:PAIR ...] -- COMMAND ...

Writes the students' catalog entries to CATALOG and sets MIRROR to the server's address.
ID:PAIR is by default tiny:en-ru.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.models.published import files_in_toml, packed_student
from tests.models.web import serving

BASE = "https://files.example/models"
DEFAULT = "tiny:en-ru"


def main() -> None:
    at = sys.argv.index("--")
    catalog, *wanted = sys.argv[1:at]
    students = dict(each.split(":") for each in wanted or [DEFAULT])
    packed = {id: packed_student(pair) for id, pair in students.items()}
    entries = [
        f"[{id}]\ntask = 'translation'\ntitle = 'A student'\narchitecture = 'student'\n"
        f"base_url = '{BASE}/{id}'\nrevision = '{'0' * 40}'\npairs = ['{pair}']\n"
        f"files = {files_in_toml(packed[id])}\nlicense = {{ spdx_id = 'MPL-2.0' }}\n"
        for id, pair in students.items()
    ]
    Path(catalog).write_text("\n".join(entries), "utf-8")
    with serving() as web:
        for id, files in packed.items():
            for name, content in files.items():
                web.put(f"{BASE}/{id}/{name}", content)
        done = subprocess.run(
            sys.argv[at + 1 :], env=os.environ | {"MIRROR": web.endpoint}, check=False
        )
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
