"""Pieces of text that have a meaning for a parser, a segmenter or a check; the fuzz dictionary."""

from __future__ import annotations

MARKUP = (
    "<p>|</p>|<b>|</b>|<i>|</i>|<a href='u?a=1&amp;b=2'>|</a>|<br>|<br/>|<h1>|</h1>|<h2>|</h2>|<li>"
    "|</li>|<ul>|<ol>|<td>|<tr>|<table>|</table>|<div>|</div>|<div hidden>|<pre>|</pre>|<code>"
    "|</code>|<q>|</q>|<blockquote>|<img src=x alt='An image'>|<!--|-->|<!-- c -->|<![CDATA[|]]>"
    "|<?xml ?>|<!doctype html>|<html lang=en>|<html>|</html>|<head>|</head>|<body>|</body>|<title>"
    "|</title>|<meta charset=utf-8>|<meta property='og:title' content='A title'>|<article>"
    "|</article>|<main>|</main>|<nav>|</nav>|<aside class=related>|</aside>|<footer>|</footer>"
    "|<header>|</header>|<section>|<figure>|<figcaption>|<time datetime=2024-05-01>|<script>"
    "|</script>|<style>|</style>|<textarea>|</textarea>|<svg>|</svg>|<math>|<template>|</template>"
    "|<select>|<option>|<iframe>|<noscript>|<ruby>|<rt>|<sup>1</sup>|<sub>|<wbr>|<span>|</span>"
    "|<span translate=no>|<span style='display:none'>|<p aria-hidden=true>|<p class='byline'>|<|>"
    "|</|/>|<!|<a|='|=\"|\"'|&|&amp;|&lt;|&nbsp;|&#39;|&#x1F600;|&#0;|&#xD800;|&#99999999;|&eacute"
    "|&notin;|&amp;amp;|&zwnj;|&shy;|&bogus;"
).split("|")
MARKDOWN = [
    *"|¦| a | b |\n|---|---|\n¦||".split("¦"),
    *(
        "# |## |- |* |+ |1. |> |>> |```\n|~~~\n|---\n|***\n|===\n|    |\t|**|*|_|__|~~|`|``|[|](u)|]|[^1]"
        "|[^1]: |[a]: http://x.y/z 'T'\n|![|<http://x.y>|\\|\\*|\\\n|  \n|:--|:--:|[ ] |[x] |{#id}|$$|<!-- -->"
    ).split("|"),
]
SENTENCES = (
    "The mayor met the bishop in Riga on Friday. ¦He said: “It will take two years.” ¦“Yes!” she said"
    ". ¦Mr. J. R. Smith of the U.S. Senate paid $1.5 million. ¦NATO, the E.U. and Co. Ltd. agreed.¦"
    "See p. 5, No. 7 and Fig. 3. ¦It is 3 p.m. in St. Louis. ¦Prices rose by 3,5 % (from 1 000 to "
    "1 035). ¦Мэр встретил епископа в Риге. ¦«Да!» — сказал он. ¦Это т. е. 5 млн руб. и т. д. ¦В 1990-е "
    "гг. на ул. Ленина, д. 5. ¦А. Б. Иванов приехал. ¦Meras susitiko su vyskupu. ¦„Taip“, – tarė ji. ¦"
    "2025 m. gruodžio 13 d. ¦Tai, pvz., A. B. Petraitis ir kt. ¦XX a. 8-asis dešimtmetis. ¦Tūkst. Eur. "
).split("¦")
NOISE = (
    "By Ann Roe\n¦By Ann Roe and John Doe, Reuters\n¦Photo: Ann Roe / Reuters\n¦(Photo by Ann Roe)\n¦"
    "Read more: The mayor met the bishop\n¦READ ALSO: The mayor met the bishop\n¦Related: A bridge\n¦"
    "Tags: mayor, bishop, Riga\n¦#mayor #bishop\n¦Share this article\n¦Subscribe to our newsletter\n¦"
    "Updated 3 May 2024, 15:00\n¦12:45\n¦May 3, 2024 | Ann Roe | 5 min read\n¦We use cookies.\n¦Source"
    " link\n¦Читайте также: Мэр встретил епископа\n¦Фото: Анна Ро / ТАСС\n¦Автор: Анна Ро\n¦3 мая 2024, "
    "15:00\n¦Skaitykite taip pat: Meras susitiko\n¦BNS nuotr.\n¦Autorius: Jonas Jonaitis\n¦2024 m. "
    "gegužės 3 d.\n¦Žymos: meras, vyskupas\n¦Advertisement\n¦Реклама\n¦Reklama\n"
).split("¦")
MARKS = (
    "“¦”¦„¦“¦«¦»¦‘¦’¦‚¦\"¦'¦(¦)¦[¦]¦{¦}¦…¦...¦?!¦!¦?¦.¦,¦;¦:¦–¦—¦-¦‐¦\u2011¦/¦\\¦%¦€¦$¦№¦§¦°¦©¦@¦#¦*¦_¦•¦·¦'s¦n't"
    "¦¡¦¿¦。¦！¦「¦」"
).split("¦")
NUMBERS = (
    "0 1 7 10 12 100 007 1,000 1.000,5 1 000 3.14 3,14 -5 +5 ½ ¼ 1/2 2½ 5% 10-20 1990s 1990-е XIV IV "
    "5th 5-ąjį 1e9 12/05/2014 15:00 three two hundred million thousand dozen half триста пять млн "
    "тысяч šimtas trisdešimt milijonai ٣ ৪ ² ¹ Ⅳ ① 99999999999999999999 0x1F"
).split(" ")
TERMS = (
    "https://example.org/a?b=c#d www.example.org ann@example.org @ann #Riga ~/a/b.txt C:\\a\\b +370 600 "
    "00000 {{name}} {% if x %} ${x} %s %d %(name)s {0} :smile: $AAPL "
    "123e4567-e89b-12d3-a456-426614174000 deadbeefdeadbeef U.S. EU R&D C++ a.b"
).split(" ")
CHARACTERS = [
    *("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067"),
    *("\u2068\u2069\u061c\u034f\u180e\u00a0\u2007\u202f\u2003\u3000\u2028\u2029\u0085\x0b\x0c\x1c"),
    *("\t\n\r\0\x01\x1b\x7f\x80\x9f\ufffd\ufffe\uffff\ufdd0\ue000\ud800\udc00\udfff\u0301\u0338"),
    *("\u20dd\u093f\u0e33\u1160\uac00\u1100İıßẞŉǅﬁΐὲ\U00010400\U0001f600\U000e0001\U0010ffff"),
    "\r\n",
    "\n\n",
    "\n\n\n",
    "\r\r",
    "\n \n",
    " ",
    "  ",
    "        ",
    "e\u0301",
    "и\u0306",
    "😀",
    "👩\u200d👩\u200d👧",
    "🇱🇹",
    "👍🏽",
    "❤\ufe0f",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "你好世界",
    "こんにちは",
    "한국어",
    "ไทย",
    "Ð¼Ð¸Ñ€ Ð¼Ð¸Ñ€",
    "Å¾odis Å¡is",
    "РњРёСЂ",
    "%PDF-",
    "PK\x03\x04",
    "{\\rtf",
    "\xff\xd8\xff",
]
ALL = (MARKUP, MARKDOWN, SENTENCES, NOISE, MARKS, NUMBERS, TERMS, CHARACTERS)

DATA = (
    '{}|[]|{"a":1}|[[[[|{{{{|null|true|false|NaN|Infinity|-1|0|1|1e999|1.5|"|""|"a"|\\u0000|\\ud800|'
    "'''|\"\"\"|=|:|,|[a]|[[a]]|[[a]|[a.b.c]|inf|nan|1979-05-27T07:32:00Z|1979-05-27|0x7fffffffffffffff|"
    "9223372036854775808|99999999999999999999999999|0b1|0o7|1_000|&a|*a|!!python/object:os.system|"
    "!!binary |!!set|!!timestamp 2001-1-1|<<: *a|- |? |--- |...|%YAML 1.1|~|yes|no|../|..\\|/etc/passwd|"
    "/|./|a/../b|C:\\|\\x00|en-ru|en|ru-ru|x-y-z|.gz|#|\t|\n|\r\n|\ufeff|²|٣|none|a=b|a=b,a=c|,,"
).split("|")
"""Pieces of JSON, TOML and YAML files, paths, pairs and ids."""
