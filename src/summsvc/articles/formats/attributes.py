"""Attributes of HTML start tags, and the elements that a page does not show.

Syntax: https://html.spec.whatwg.org/multipage/syntax.html#attributes-2
"""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++)))?+""")
_NOT_SHOWN = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE
)
_FOR_SCREEN_READERS = re.compile(
    r"(?:^|\s)(?!not-)(?:[a-z]+[-_]{1,2})?(?:visually-?hidden|sr-?only"
    r"|screen-?reader(?:-?(?:text|only))?|assistive-?text)(?=\s|$)",
    re.IGNORECASE,
)
_DIALOG_ROLES = frozenset(("dialog", "alertdialog"))


def parse(text: str) -> dict[str, str]:
    """The attributes of a start tag by lower-case name, as written; the first of a name counts.

    text: the tag's source between the element's name and ``>``.
    """
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        attributes.setdefault(name.lower(), double or single or bare)
    return attributes


def hides(text: str) -> bool:
    """Whether attributes keep an element from readers: hidden, a dialog, or for screen readers.

    text: as for ``parse``. Style sheets are not read. ``hidden="until-found"`` hides nothing:
    browsers show such text when it is searched for.
    """
    lower = text.lower()
    # Tests for words take a tenth of the time of a pattern, and most tags have none.
    if not (
        "hidden" in lower
        or "display" in lower
        or "dialog" in lower
        or "modal" in lower
        or "only" in lower
        or "reader" in lower
        or "assistive" in lower
    ):
        return False
    attributes = parse(text)
    return (
        attributes.get("hidden", "until-found").lower() != "until-found"
        or attributes.get("aria-hidden", "").lower() == "true"
        or attributes.get("aria-modal", "").lower() == "true"
        or attributes.get("role", "").lower() in _DIALOG_ROLES
        or _NOT_SHOWN.search(attributes.get("style", "")) is not None
        or _FOR_SCREEN_READERS.search(attributes.get("class", "")) is not None
    )
