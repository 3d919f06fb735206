"""Build every checkpoint: ``python -m tests.checkpoints``."""

from __future__ import annotations

from tests.checkpoints import marian
from tests.checkpoints.marian import LANGUAGES

for language in LANGUAGES:
    print(marian(f"en-{language}"))
