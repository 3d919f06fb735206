"""Unicode scripts, and default rules of languages without a language file.

A language without a file still gets the Snowball stemmer that exists for it, the
check of its script and the rule about nouns with capitals. A file overrides them.
"""

from __future__ import annotations

SCRIPTS = {
    "LATIN": "A-Za-z\u00c0-\u02af\u1e00-\u1eff",
    "CYRILLIC": "\u0400-\u052f",
    "GREEK": "\u0386-\u03e1",
    "ARABIC": "\u0620-\u06ff",
    "HEBREW": "\u05d0-\u05ea",
    "ARMENIAN": "\u0531-\u0587",
    "GEORGIAN": "\u10a0-\u10fa",
    "HANGUL": "\uac00-\ud7a3",
    "THAI": "\u0e01-\u0e4d",
    "DEVANAGARI": "\u0904-\u097f",
}
"""Script to the range of its letters in a regular expression: only its own, not all of them.

The key is the first word of the Unicode names of the script's letters.
"""

_LANGUAGES_BY_SCRIPT = {
    "LATIN": "ca cs da de es et eu fi fr hr hu is it lv ms nl no pl pt ro sk sl sq sv tr vi",
    "CYRILLIC": "be bg uk",
    "GREEK": "el",
    "ARABIC": "ar fa ur",
    "HEBREW": "he",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "HANGUL": "ko",
    "THAI": "th",
    "DEVANAGARI": "hi mr",
}

SCRIPT_BY_LANGUAGE = {
    code: script for script, codes in _LANGUAGES_BY_SCRIPT.items() for code in codes.split()
}
"""Languages that are written in one script only."""

STEMMER_BY_LANGUAGE = {
    "da": "danish", "de": "german", "es": "spanish", "et": "estonian", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
"""Names of the Snowball stemmers (https://snowballstem.org)."""

CAPITALISED_NOUNS = frozenset(("de", "lb"))
"""Languages that write each noun with a capital letter."""
