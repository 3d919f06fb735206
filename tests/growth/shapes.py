"""Shapes of text on which a careless regular expression or loop is superlinear."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

Shape = Callable[[int], str]
"""From a number of code points to a text of about that length."""

SENTENCE = "The president met the mayor in Riga on Friday. "

UNITS = {
    "hex": "a1",
    "figures with commas": "12, ",
    "joined figures": "12,",
    "grouped digits": "123 ",
    "decimals": "1.5 ",
    "joined decimals": "1.5.",
    "one endless number": "7",
    "foreign digits": "٣",
    "ranges": "2014-20-",
    "dates": "12/05/2014 ",
    "times": "3 p.m. 15:00 ",
    "round years": "1990s 1980-ųjų ",
    "decades": "XX a. 8-asis dešimtmetis ",
    "roman numerals": "XIV ",
    "one endless roman numeral": "XIV",
    "number words": "two hundred and five million ",
    "scales": "5 million ",
    "one endless word": "abcdefghij",
    "one endless vowel": "ay",
    "one letter": "a",
    "capital letters": "A",
    "capital words": "Ab Cde ",
    "acronyms": "NATO Big Co ",
    "initials": "A. B. ",
    "abbreviations": "т. е. e.g. U.S. ",
    "dotted word": "a.b.",
    "round brackets open": "(",
    "square brackets open": "[",
    "brackets": "(ab [cd] ",
    "closing brackets": ")]",
    "links": "[a](b) ",
    "half links": "[a[b](",
    "quotes": '"',
    "quoted": "„A“ 'b' ",
    "apostrophes": "a'b’",
    "dashes": "-",
    "spaced dashes": "a – b ",
    "dots": ".",
    "questions": "?! ",
    "commas": ", and ",
    "newlines": "\n",
    "short lines": "ab\n",
    "paragraphs": "A word.\n\n",
    "carriage returns": "a\r\n",
    "spaces": " ",
    "spaced letters": "a ",
    "wide spaces": "a     ",
    "no-break spaces": "a\u00a0",
    "tabs": "a\t",
    "mixed scripts": "aбγ語 ",
    "chinese": "語。",
    "combining marks": "e\u0301",
    "marks alone": "\u0301",
    "emoji": "👩‍👩‍👧 ",
    "flags": "🇱🇹",
    "joiners": "\u200d",
    "soft hyphens": "a\u00ad",
    "addresses": "https://a.b/c ",
    "one endless address": "https://a.",
    "mail": "a.b@c.de ",
    "at signs": "@",
    "handles": "@a",
    "half mail": "a@",
    "hashtags": "#a1 ",
    "paths": "/a",
    "dotted paths": "/.",
    "code spans": "a `b` ",
    "tags in a word": "a<i>b</i>",
    "quotations": "<q>a</q> ",
    "open quotations": "<q>a ",
    "code elements": "<code>a</code> ",
    "kept elements": "<b translate=no>a. ",
    "note numbers": "a.<sup>1</sup> ",
    "raised text": "a<sup>b</sup>",
    "preformatted": "<pre>A word here. </pre>",
    "open preformatted": "<pre>A word. ",
    "annotations": "<ruby>a<rt>b",
    "backslashes": "\\",
    "windows paths": "c:\\a",
    "phones": "+370 600 ",
    "list items": "- ab\n",
    "numbered items": "1. Ab\n",
    "headings": "# A #\n",
    "underlined headings": "Ab\n==\n",
    "block quotes": "> ",
    "quoted lines": "> the mayor met the bishop in the town and then the judge too\n",
    "divided words": "the mayor met the bishop in the town and then the judge al-\nso ",
    "stops in brackets": "(A b. C) ",
    "stops in quotes": '"A b. C" «Д? Е»',
    "stops without spaces": "noon.Then ",
    "notes": "noon.1 [2] /A/ ",
    "pages": "a\f",
    "fences": "```\n",
    "table": "|a|b|\n|-|-|\n",
    "pipes": "|",
    "backticks": "`a",
    "asterisks": "*a",
    "underscores": "_a",
    "tildes": "~~a",
    "tags": "<b>a</b>",
    "open tags": "<b>",
    "half tags": "<a",
    "closing tags": "</b>",
    "attributes": "<a b='c\" d>",
    "scripts": "<script>a",
    "comments": "<!-- a ",
    "less-than": "<",
    "not translated": '<i translate="no">a',
    "line breaks of html": "a<br>",
    "paragraphs of html": "<p>Ab cd.",
    "references": "&amp;",
    "half references": "&amp",
    "ampersands": "&",
    "one sentence again": SENTENCE,
    "cookie lines": "We use cookies.\n\n",
    "read more": "Read more: a\n\n",
}


def repeated(unit: str) -> Shape:
    """A unit repeated to the length, at least once."""
    return lambda length: unit * max(1, length // len(unit))


def numbered(form: str) -> Shape:
    """Parts that all differ: a format string filled with 1, 2, 3 and so on."""

    def shape(length: int) -> str:
        parts: list[str] = []
        for number in count(1):
            parts.append(form.format(number))
            length -= len(parts[-1])
            if length <= 0:
                return "".join(parts)
        raise AssertionError

    return shape


def growing(char: str, between: str) -> Shape:
    """Runs of a character, each longer than the one before, with a separator between them."""

    def shape(length: int) -> str:
        parts: list[str] = []
        size = 1
        while length > 0:
            parts.append(char * size + between)
            length -= len(parts[-1])
            size += 1
        return "".join(parts)

    return shape


def nested(opening: str, closing: str) -> Shape:
    """Nested pairs of an opening and a closing string around a sentence."""
    return lambda length: (
        opening * (length // len(opening + closing))
        + "A word."
        + closing * (length // len(opening + closing))
    )


def after(prefix: str, unit: str) -> Shape:
    """A unit repeated after a prefix."""
    return lambda length: prefix + repeated(unit)(length)


SHAPES: dict[str, Shape] = {
    **{name: repeated(unit) for name, unit in UNITS.items()},
    "different numbers": numbered("{} "),
    "different words": numbered("word{}x and "),
    "different names": numbered("Aa{0} Bb{0} met. "),
    "different addresses": numbered("https://a.b/{} "),
    "different sentences": numbered("The mayor met {} bishops in Riga at noon. "),
    "different years": numbered("In {0}0s on day {0} – "),
    "growing backticks": growing("`", "a"),
    "growing tildes": growing("~", "\n"),
    "growing words": growing("a", " "),
    "growing paths": growing("/a", " "),
    "growing spaces": growing(" ", "a"),
    "nested tags": nested("<b>", "</b>"),
    "nested blocks": nested("<div><p>", "</p></div>"),
    "nested brackets": nested("([", "])"),
    "nested quotes": nested("«", "»"),
    "wrapped lines": repeated("the mayor met the bishop in the town and then the judge too,\n"),
    "a decade of digits": after("XX a. ", "1"),
    "a year and a word": after("1990-", "a"),
    "a mail name": after("a@", "b-"),
    "an address of dots": after("https://", "."),
    "a path of dots": after("/a", "/.."),
    "a code": after("`` a ", "b `"),
    "an element": after("<code>", "a "),
    "front matter": after("---\n", "a: b\n"),
    "noise around tags": lambda length: f"<p>Ab.<p>Read more: {'<a' * (length // 2)} >a",
}
