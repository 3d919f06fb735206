"""Sentences that begin with a reference to the sentence before them."""

from __future__ import annotations

import pytest

from summsvc.tasks.summarization.references import points_back

REFERRING = {
    "en": """
        He denied the charges.
        She left on Friday.
        It was his third visit.
        They will meet again.
        His lawyer declined to comment.
        Its shares fell by 4%.
        Their names were not given.
        It's too early to say.
        This move follows the decision.
        That decision surprised the bank.
        These changes come into force in May.
        Those injured were taken to hospital.
        This is new.
        Such attacks are rare.
        Another man is in custody.
        However, the court disagreed.
        But the court disagreed.
        And nobody knew.
        In addition, taxes will rise.
        As a result, the road was closed.
        “This was expected,” said the mayor.
        (He was 71.)
        — That is why we left.
        After this, the talks stopped.
        Despite that, the price rose.
        HOWEVER, THE COURT DISAGREED.
        Still, many doubt the plan.
        According to him, nobody was hurt.
        For his part, the minister said nothing.
        Meanwhile, the search goes on.
        The latter won.
        Others disagreed.
        The same goes for Riga.
        By then, the price had doubled.
        One of them was hurt.
        Here, too, the price rose.
        If so, the mine will close.
    """,
    "ru": """
        Он отверг обвинения.
        Она уехала в пятницу.
        Его адвокат отказался от комментариев.
        Её сестра подтвердила новость.
        Этот шаг последовал за решением.
        Эта мера временная.
        Это новость.
        Такие случаи редки.
        Однако суд не согласился.
        Но суд не согласился.
        А мэр уехал.
        Кроме того, вырастут налоги.
        При этом цены выросли.
        Тем не менее переговоры продолжатся.
        Поэтому дорогу закрыли.
        После этого переговоры прекратились.
        По его словам, никто не пострадал.
        Об этом сообщил мэр.
        «Это было ожидаемо», — сказал мэр.
        Тогда никто не знал.
        В то же время цены растут.
        Между тем поиски продолжаются.
        В этой школе учатся дети.
        Также закрыты две школы.
        Здесь построят завод.
        Среди них дети.
        Один из них ранен.
        Все они вернулись домой.
        Именно поэтому дорогу закрыли.
        Впоследствии завод закрыли.
        Иными словами, денег нет.
        Вследствие этого цены выросли.
        У них нет денег.
    """,
    "lt": """
        Jis neigė kaltinimus.
        Ji išvyko penktadienį.
        Jo advokatas nekomentavo.
        Jų vardai neskelbiami.
        Tai naujiena.
        Šis žingsnis žengtas po sprendimo.
        Ši priemonė laikina.
        Tokie atvejai reti.
        Tačiau teismas nesutiko.
        Bet teismas nesutiko.
        O meras išvyko.
        Be to, didės mokesčiai.
        Todėl kelias uždarytas.
        Vis dėlto derybos tęsis.
        Po to derybos nutrūko.
        Dėl to kilo kainos.
        Pasak jo, niekas nenukentėjo.
        „Tai buvo laukta“, – sakė meras.
        Taip pat uždarytos dvi mokyklos.
        Tuo metu paieškos tęsiasi.
        Apie tai pranešė meras.
        Prieš tai susitiko ministrai.
        Nepaisant to, kaina kilo.
        Čia bus gamykla.
        Tarp jų yra vaikų.
        Vienas iš jų sužeistas.
        Visi jie grįžo namo.
        Būtent todėl kelias uždarytas.
        Pastarasis laimėjo.
    """,
}

INDEPENDENT = {
    "en": """
        The mayor met the ambassador.
        This week, the mayor met the ambassador.
        This year prices fell.
        These days, few people write letters.
        Those who left will not return.
        Helsinki is cold in May.
        Italy won the match.
        Theresa May resigned.
        Hebrew is taught here.
        Button won the race.
        Thenard discovered it.
        Then-President Bush signed it.
        In Riga, he said nothing.
        After the vote, he left.
        Andorra joined in 1993.
        Orlando was quiet.
        Thousands marched.
        Sovereign debt rose.
        In May, prices fell.
        During this week, schools are closed.
        Hispanic voters decided.
        The former mayor died in Riga.
        Later this month, Riga votes.
        Here lies the oldest ship of the fleet.
    """,
    "ru": """
        Мэр встретился с послом.
        В этом году цены упали.
        На этой неделе закроют школы.
        Те, кто уехал, не вернутся.
        То, что он сказал, удивило всех.
        Онкологи предупредили о риске.
        Андрей победил.
        Иран ответил.
        Нобелевскую премию вручили в Осло.
        Итог матча объявили поздно.
        Тамбов замело снегом.
        В Риге он молчал.
        Этим летом откроют мост.
        Тотальный диктант написали в мае.
        Ихтиологи изучают рыб.
        А. Орлов победил.
        И.Громов подал в отставку.
        Один из мэров ушёл в отставку.
        Все жители вернулись домой.
    """,
    "lt": """
        Meras susitiko su ambasadoriumi.
        Šią savaitę uždarytos mokyklos.
        Šiais metais kainos krito.
        Šiandien lyja.
        Jonas laimėjo.
        Irena laimėjo.
        Taikos sutartis pasirašyta.
        Orai atšils.
        Jorė švenčiama balandį.
        Rygoje jis tylėjo.
        Šį rytą lijo.
        Per šią savaitę snigo.
        Tie, kurie išvyko, negrįš.
        Betonas brangsta.
        Tada-centras atidarytas.
        O. Jonaitis laimėjo.
        Visi gyventojai grįžo namo.
        Vienas iš merų atsistatydino.
    """,
}


def lines(texts: str) -> list[str]:
    return [line.strip() for line in texts.strip().splitlines()]


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in REFERRING.items() for text in lines(texts)],
)
def test_a_sentence_that_refers_back(language: str, text: str) -> None:
    assert points_back(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in INDEPENDENT.items() for text in lines(texts)],
)
def test_a_sentence_that_stands_alone(language: str, text: str) -> None:
    assert not points_back(text, language)


@pytest.mark.parametrize("language", ["lv", "", "zz"])
def test_without_words_no_sentence_refers_back(language: str) -> None:
    assert not points_back("However, he left.", language)
