"""Short news sentences in English, Russian and Lithuanian, generated from a small grammar.

Each word is stored in the form that its sentence needs, so every triple is a correct
translation.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

Triple = tuple[str, str, str]

# nominative; instrumental
PEOPLE = [
    ("president", "президент", "президентом", "prezidentas", "prezidentu"),
    ("minister", "министр", "министром", "ministras", "ministru"),
    ("ambassador", "посол", "послом", "ambasadorius", "ambasadoriumi"),
    ("mayor", "мэр", "мэром", "meras", "meru"),
    ("general", "генерал", "генералом", "generolas", "generolu"),
    ("bishop", "епископ", "епископом", "vyskupas", "vyskupu"),
    ("director", "директор", "директором", "direktorius", "direktoriumi"),
    ("judge", "судья", "судьёй", "teisėjas", "teisėju"),
]
# prepositional, accusative; locative, accusative
CITIES = [
    ("Vilnius", "Вильнюсе", "Вильнюс", "Vilniuje", "Vilnių"),
    ("Riga", "Риге", "Ригу", "Rygoje", "Rygą"),
    ("Tallinn", "Таллине", "Таллин", "Taline", "Taliną"),
    ("Warsaw", "Варшаве", "Варшаву", "Varšuvoje", "Varšuvą"),
    ("Berlin", "Берлине", "Берлин", "Berlyne", "Berlyną"),
    ("Paris", "Париже", "Париж", "Paryžiuje", "Paryžių"),
    ("London", "Лондоне", "Лондон", "Londone", "Londoną"),
    ("Kaunas", "Каунасе", "Каунас", "Kaune", "Kauną"),
]
DAYS = [
    ("Monday", "понедельник", "pirmadienį"),
    ("Tuesday", "вторник", "antradienį"),
    ("Wednesday", "среду", "trečiadienį"),
    ("Thursday", "четверг", "ketvirtadienį"),
    ("Friday", "пятницу", "penktadienį"),
    ("Saturday", "субботу", "šeštadienį"),
]
THINGS = [
    ("price of oil", "цена на нефть", "naftos kaina"),
    ("price of gas", "цена на газ", "dujų kaina"),
    ("income tax", "подоходный налог", "pajamų mokestis"),
    ("city budget", "городской бюджет", "miesto biudžetas"),
    ("minimum wage", "минимальная зарплата", "minimali alga"),
]
PLACES = [
    ("airport", "Аэропорт", "oro uostas"),
    ("museum", "Музей", "muziejus"),
    ("bridge", "Мост", "tiltas"),
    ("market", "Рынок", "turgus"),
    ("factory", "Завод", "fabrikas"),
]
NUMBERS = ("15", "20", "30", "40", "50", "60", "100", "250", "300")
SHARES = ("10", "15", "20", "30", "50")

FIXED: list[Triple] = [
    ("The war is not over.", "Война не окончена.", "Karas nesibaigė."),
    ("Nobody was hurt.", "Никто не пострадал.", "Niekas nenukentėjo."),
    ("The police are investigating.", "Полиция проводит расследование.", "Policija atlieka tyrimą."),
    ("It will rain tomorrow.", "Завтра будет дождь.", "Rytoj lis."),
    ("The court has not yet decided.", "Суд ещё не принял решения.", "Teismas dar nepriėmė sprendimo."),
    ("The talks will continue.", "Переговоры продолжатся.", "Derybos tęsis."),
    ("Schools remain closed.", "Школы остаются закрытыми.", "Mokyklos lieka uždarytos."),
    ("The strike has ended.", "Забастовка закончилась.", "Streikas baigėsi."),
    ("Many roads are flooded.", "Многие дороги затоплены.", "Daug kelių užlieta."),
    ("The results surprised everyone.", "Результаты удивили всех.", "Rezultatai nustebino visus."),
    ("Latest news", "Последние новости", "Naujausios žinios"),
    ("Weather and traffic", "Погода и движение", "Orai ir eismas"),
    ("World", "Мир", "Pasaulis"),
    ("Hello world", "Привет, мир", "Sveikas, pasauli"),
]  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _all() -> Iterator[tuple[int, Triple]]:
    for who in PEOPLE:
        for city in CITIES:
            yield (
                0,
                (
                    f"The {who[0]} will visit {city[0]} next week.",
                    f"{_capital(who[1])} посетит {city[2]} на следующей неделе.",
                    f"Kitą savaitę {who[3]} aplankys {city[4]}.",
                ),
            )
        for whom in PEOPLE:
            for day in DAYS if who is not whom else ():
                city = CITIES[(len(who[0]) + len(whom[1]) + len(day[0])) % len(CITIES)]
                yield (
                    1,
                    (
                        f"The {who[0]} met the {whom[0]} in {city[0]} on {day[0]}.",
                        f"{_capital(who[1])} встретился с {whom[2]} в {city[1]} в {day[1]}.",
                        f"{_capital(who[3])} {day[2]} susitiko su {whom[4]} {city[3]}.",
                    ),
                )
        for thing in THINGS:
            for share in SHARES:
                yield (
                    2,
                    (
                        f"The {who[0]} said that the {thing[0]} will rise by {share} percent.",
                        f"{_capital(who[1])} заявил, что {thing[1]} вырастет на {share} процентов.",
                        f"{_capital(who[3])} pareiškė, kad {thing[2]} padidės {share} procentų.",
                    ),
                )
    for city in CITIES:
        for number in NUMBERS:
            yield (
                3,
                (
                    f"{number} people were released from prison in {city[0]}.",
                    f"{number} человек были освобождены из тюрьмы в {city[1]}.",
                    f"{city[3]} iš kalėjimo paleista {number} žmonių.",
                ),
            )
        for place in PLACES:
            for day in DAYS:
                yield (
                    4,
                    (
                        f"The {place[0]} in {city[0]} was closed on {day[0]}.",
                        f"{place[1]} в {city[1]} закрыли в {day[1]}.",
                        f"{_capital(day[2])} {city[3]} uždarytas {place[2]}.",
                    ),
                )


def sentences(per_pattern: int = 45) -> list[Triple]:
    """The fixed sentences and a number of sentences of each pattern; deterministic."""
    by_pattern: dict[int, list[Triple]] = {}
    for pattern, triple in _all():
        by_pattern.setdefault(pattern, []).append(triple)
    chooser = random.Random(20)
    chosen = list(FIXED)
    for triples in by_pattern.values():
        chosen += chooser.sample(triples, per_pattern)
    return chosen
