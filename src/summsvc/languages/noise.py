"""Format of the table ``noise`` of a language file: lines that are not part of an article."""

from __future__ import annotations

from dataclasses import dataclass, field

from summsvc.languages.table import Table
from summsvc.languages.values import Patterns, Phrases, WordBeginnings, Words, WordSet


@dataclass(frozen=True, slots=True)
class Subjects(Table):
    """Tables ``noise.address.<kind>``: what a text of this kind to the readers is about.

    core: one of them is needed; context: what such a text often has besides. Together, two
    different words or phrases are needed.
    """

    core: Patterns = ()
    context: Patterns = ()


@dataclass(frozen=True, slots=True)
class Address(Table):
    """Table ``noise.address``: how a site speaks to its readers, in sentences of any wording.

    A block is such a text when each of its sentences speaks to the reader and none
    reports. It is removed when it also has the subjects of one of the four kinds. Patterns
    are in lower case, and so is the text that they are searched in. Lists of words may
    have a trailing * for all words that begin so.

    imperatives: how a sentence begins that asks the reader to do something.
    openings: how another sentence to the reader begins ("already a ...?").
    you: words for the reader.
    own: what only the site itself says, of itself ("our", "this article").
    reports: words of a sentence that reports what somebody said or did.
    consent: cookies, terms and age. paywall: subscriptions and accounts. appeal:
        newsletters and donations. invitation: to share, comment, listen, watch, follow or
        install; needs an imperative and ``own`` instead of a second subject.
    """

    imperatives: Patterns = ()
    openings: Patterns = ()
    you: WordBeginnings = frozenset()
    own: Patterns = ()
    reports: WordBeginnings = frozenset()
    consent: Subjects = field(default_factory=Subjects)
    paywall: Subjects = field(default_factory=Subjects)
    appeal: Subjects = field(default_factory=Subjects)
    invitation: Subjects = field(default_factory=Subjects)


@dataclass(frozen=True, slots=True)
class Times(Table):
    """Table ``noise.times``: words of a line that has nothing but a time.

    labels: what such a line may begin with ("updated"); past: words that make a duration
    a time ("ago"); units: units of a duration, months, weekdays, time zones and the words
    between them. A trailing * stands for all words that begin so.
    """

    labels: WordBeginnings = frozenset()
    past: WordBeginnings = frozenset()
    units: WordBeginnings = frozenset()


@dataclass(frozen=True, slots=True)
class LabelWords(Table):
    """Table ``noise.labels``: words of which a site makes its labels, in any order.

    A line of such words alone, and a headline after them and a separator, are noise. A label
    has at least one of ``core``: what is read, seen or heard, and what one can do with it;
    further: words between those. A trailing * stands for all words that begin so.
    """

    core: WordBeginnings = frozenset()
    further: WordBeginnings = frozenset()


@dataclass(frozen=True, slots=True)
class Noise(Table):
    """Table ``noise``: blocks that are not part of an article.

    The rules of all languages apply to every article, since pages mix languages. Case is
    ignored in patterns. Bound repetitions (``.{0,80}`` instead of ``.*``), so that matching
    takes linear time. A pattern must match a short block from its first to its last
    character, unless it is a label. In a pattern, ``{name}`` stands for one to five
    capitalised words, ``{full_name}`` for two to five, ``{people}`` for names of two words,
    ``{agency}`` for one of ``agencies`` or a site, and ``{source}`` for names of people,
    agencies and sites, joined by slashes, commas and the like, and ``{networks}`` for names
    of social networks, joined so.

    byline: author and date; only near the beginning and the end of an article.
    link: invitations to other pages; only near the beginning and the end.
    origin: where the article was published first; only near the beginning and the end.
    notice: advertising and copyright; anywhere, as are all kinds that follow.
    credit: credits of photos, images and videos.
    live: labels of live reports.
    paywall, consent: further notices, of fixed wording.
    related: labels before the headline of another article; patterns without the
        separator and the headline. related_verbs: verbs with which a longer label begins.
    captions: labels before a caption ("file photo"); the same.
    credit_endings: what follows a source at the end of a credit ("nuotr").
    tags: labels before a list of subjects; patterns without the separator and the list.
    agencies: names of agencies and networks. networks: names of social networks.
    source_words: words in lower case that may be part of ``{source}``.
    not_names: capitalised words that do not begin a name ("Sunday").
    conjunctions: words that may join the parts of ``{name}`` but not end it ("and").
    particles: words that may be part of ``{name}`` after its first word ("van").
    """

    byline: Patterns = ()
    link: Patterns = ()
    origin: Patterns = ()
    notice: Patterns = ()
    credit: Patterns = ()
    live: Patterns = ()
    paywall: Patterns = ()
    consent: Patterns = ()
    related: Patterns = ()
    related_verbs: Patterns = ()
    captions: Patterns = ()
    credit_endings: Patterns = ()
    tags: Patterns = ()
    agencies: Phrases = ()
    networks: Phrases = ()
    source_words: WordBeginnings = frozenset()
    not_names: WordSet = frozenset()
    conjunctions: Words = ()
    particles: Words = ()
    times: Times = field(default_factory=Times)
    labels: LabelWords = field(default_factory=LabelWords)
    address: Address = field(default_factory=Address)
