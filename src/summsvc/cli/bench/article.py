"""The article of a load test without articles of the user's own."""

from __future__ import annotations

from summsvc.types import Article

TITLE = "City council approves plan to rebuild the old harbour"

PARAGRAPHS = (
    "By Anna Berg",
    "The city council approved a plan on Tuesday to rebuild the old harbour, which has been closed "
    "since a storm damaged its main pier in 2019. The vote was 31 to 12 after a debate of four "
    "hours. Work is expected to begin in April and to cost 84 million euros.",
    "“The harbour is the reason why this city exists,” Mayor Peter Lind said after the vote. “We "
    "waited too long.” He said that the first ferries could return in the summer of 2028.",
    "Opponents of the plan called it too expensive. Council member Maria Oja said that the city "
    "had no money for schools but 84 million euros for a pier. She asked the regional court to "
    "review the decision, which the court can do within 60 days.",
    "The plan has three parts. The main pier will be rebuilt in concrete and will be 40 metres "
    "longer than before. A new breakwater will protect the basin from storms from the west. "
    "The old warehouses will be turned into flats, shops and a museum of fishing.",
    "Engineers of the university measured the ground below the pier for two years. Their report "
    "says that the old wooden piles would have failed within a decade, even without the storm. "
    "The new piles will reach 22 metres into the rock.",
    "Before 2019 about 1.2 million passengers a year used the harbour. Most of them now travel by "
    "bus to the port of Rauma, which takes 50 minutes. The regional chamber of commerce "
    "estimates that the closure has cost local companies 17 million euros a year.",
    "Half of the money will come from the state and a quarter from the European Union. The city "
    "will borrow the rest. The finance department expects that fees of ferry companies will pay "
    "back the loan by 2045.",
    "Source link",
)


def built_in() -> Article:
    """A news article of about 270 words, with a byline and a link line as scrapers leave them."""
    return Article(TITLE, "\n\n".join(PARAGRAPHS), "en")
