"""Writes what docs/ and the README take from the code; with --check compares only.

docs/reference/settings.md and docs/reference/cli.md are written whole, the example of
README.md between its marks, from the answer of a real server.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.example import with_example
from summsvc.cli.app import EXIT_CODES, cli
from summsvc.cli.settings import settings

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
GENERATED = "<!-- Written by scripts/gen-docs. Do not edit. -->"


def settings_page() -> str:
    lines = [
        "# Settings of the server",
        GENERATED,
        "",
        "A setting comes from its default, from the TOML file of `summsvc serve --config FILE`,",
        "from the environment or from a flag; each of these overrides the ones before it. In TOML",
        "the names of the first column are keys at the top level; an unknown name is an error. In",
        "the environment a name has the prefix `SUMMSVC_` and capitals, as a flag dashes instead",
        "of underscores: `max_body_code_points`, `SUMMSVC_MAX_BODY_CODE_POINTS`,",
        "`--max-body-code-points`.",
        "",
        "Lists and tables are written `a,b` and `en-ru=a,en=b` in the environment and as",
        'flags, `["a", "b"]` and `{ en-ru = "a", en = "b" }` in TOML. A boolean is `true` or',
        "`false`; as a flag `--reflection` or `--no-reflection`.",
    ]
    for group, members in groupby(settings(), key=lambda each: each.group):
        lines += ["", f"## {group}", ""]
        lines += ["| Setting | Values | Default | Meaning |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{each.name}` | {each.kind.replace('|', ', ')} | {each.default} "
            f"| {each.description} |"
            for each in members
        ]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    lines = [
        "# Command-line options",
        GENERATED,
        "",
        "Results are on standard output, messages on standard error. How output depends on the",
        "terminal, and what `--json` prints: [The command line](../how-to/command-line.md).",
        "",
        "## Exit codes",
        "",
        "| Code | Meaning |",
        "| --- | --- |",
        *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()),
        "",
        "What every command says with `--help`:",
    ]
    for name, text in helps(cli, "summsvc", None):
        lines += ["", f"## {name}", "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


def helps(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    """Path and help text of a command and of all below it."""
    context = command.make_context(
        name.rpartition(" ")[2], [], parent=parent, terminal_width=80, resilient_parsing=True
    )
    yield name, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            child = command.get_command(context, below)
            assert child is not None
            yield from helps(child, f"{name} {below}", context)


def main() -> int:
    readme = ROOT / "README.md"
    pages = {
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "cli.md": cli_page(),
        readme: with_example(readme.read_text(encoding="utf-8")),
    }
    stale = []
    for path, text in pages.items():
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        print(f"stale: {', '.join(stale)}; run scripts/gen-docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
