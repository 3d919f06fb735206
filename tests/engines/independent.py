"""Translates with fxtranslate, an independent engine for student models.

It runs in a process of its own: fxtranslate holds the GIL, and a model can be used only in the
thread that loaded it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def translate(folder: Path, texts: Sequence[str], *, shortlist: bool) -> list[str]:
    """Outputs of greedy search, one for each text.

    folder: a student's published files, not packed. shortlist: whether to use its shortlist.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(folder), str(int(shortlist))],
        cwd=ROOT,
        input=json.dumps(list(texts)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    outputs: list[str] = json.loads(done.stdout)
    return outputs


def _main(folder: Path, shortlist: bool) -> None:
    from fxtranslate import Translator

    (model,) = folder.glob("model.*.bin")
    vocabularies = sorted(folder.glob("*vocab.*.spm"))
    source, target = vocabularies[0].read_bytes(), vocabularies[-1].read_bytes()
    (words,) = folder.glob("lex.*.bin")
    translator = Translator(
        model.read_bytes(), source, target, words.read_bytes() if shortlist else None
    )
    print(json.dumps([translator.translate(text) for text in json.load(sys.stdin)]))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2] == "1")
