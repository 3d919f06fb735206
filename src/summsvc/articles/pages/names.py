"""Words in class names and ids that say what an element of a page is for."""

from __future__ import annotations

import re


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(' '.join(words).split())})(?![a-z])")


CONTENT = re.compile(
    r"(?:article|story|post|entry|main|page|blog|news|body|text)[-_]*"
    r"(?:body|content|text|copy|main)"
    r"|\bhentry\b|\bpost-\d+|\btype-post\b|(?<![a-z])(?:rich|body)-?text|tweet|embed(?!-?(?:wrapper|consent|placeholder|blocked))"
)
"""The article's own text; such an element is kept whatever else its names say."""

NEVER_CONTENT = _words(
    r"comments? comment(?!ar)-?\w+ disqus\w* cookies?\w* consent\w* onetrust\w* ot-sdk\w* cli-\w+",
    r"gdpr\w*",
)
"""Comments and consent notices, which may be longer than the article."""

FURNITURE = _words(
    r"privacy\w* footer\w* navi?\w* navigation breadcrumbs?\w* newsletters?\w* outbrain\w*",
    r"taboola\w* most-?(?:read|popular|viewed)\w* popular\w* promos? promotions? recommend\w*",
    r"recirc\w* related\w* read-?(?:more|next|also) more-?(?:stories|news|articles|on|from)",
    r"(?<!with-)(?<!has-)(?<!no-)sidebars?(?!-?(?:grid|layout))\w* trending\w*",
    r"[a-z]*galler\w* lightbox\w* carousels?\w* sliders? slideshow\w* modals? popups?\w*",
    r"widget-?container\w* (?<!article-)widgets?(?!-?content) donat\w+ subscri\w*",
    r"sponsor\w* advert\w*",
    r"author-?(?:bio\w*|info|box|about) about-?(?:the-)?authors? biography jp-relatedposts",
    r"whatsapp\w* login\w* sign-?up\w* shoutbox",
    r"pay-?wall-?(?:prompt|message|notice|barrier|overlay|cta|box)\w* cta affiliate\w*",
    r"info-?box\w* fact-?box\w* expandable-?box ai-?summary\w*",
    r"author-?(?:profile|card|details|description)\w*",
    r"kommentare\w* komentar\w* comentarios?\w* commentaires?\w*",
)
"""Parts of the page that are not the article."""

TEASER = _words(r"teasers? excerpts?")
"""Teasers of other articles if they are links; else the article's own standfirst."""

SMALL_FURNITURE = _words(
    r"ads? adv banners? by-?line\w* dateline",
    r"foot menus? meta metadata pag(?:er|ination)\w* respond",
    r"rss shar(?:e|ing|ethis)\w* skip\w* socials?\w* tags",
    r"tag-?list toolbar topbar topics author\w*",
    r"autor(?:en?|es|in)? fecha datum stand dates? publish-?date published-?\w*",
    r"bio credits? copyright\w* disclaimer\w* rating\w* addtoany\w* printfriendly a11y",
    r"(?<!label-)hidden timestamp pub-?date post-?date article-?date post-?info",
    r"entry-?info cards? alert print-?only",
)
"""Lines around an article. The same words name long elements with text of the article."""

CAPTION = re.compile(r"caption")

PICTURE = _words(r"image\w* img photos? pictures?")
"""Elements around a picture and what is written under it."""
