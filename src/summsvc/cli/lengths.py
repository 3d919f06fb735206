"""How long a summary may be, as options of several commands."""

from __future__ import annotations

import click

INT32_MAX = 2**31 - 1

sentences_option = click.option(
    "--sentences",
    type=click.IntRange(1, INT32_MAX),
    help="At most this many sentences; 3 when no length is given.",
)
words_option = click.option(
    "--words", type=click.IntRange(1, INT32_MAX), help="At most this many words."
)
