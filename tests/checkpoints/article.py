"""The article in seeds/, segment by segment, with translations written for this project."""

from __future__ import annotations

ARTICLE: list[tuple[str, str, str]] = [
    (
        "Belarus Releases 123 Prisoners Amid US Sanction Relief: What It Means for Human Rights and International Relations",
        "Беларусь освобождает 123 заключённых на фоне смягчения санкций США: что это значит для прав человека и международных отношений",
        "Baltarusija paleidžia 123 kalinius JAV švelninant sankcijas: ką tai reiškia žmogaus teisėms ir tarptautiniams santykiams",
    ),
    (
        "Belarus recently released 123 prisoners, including well-known opposition leader Maria Kolesnikova.",
        "Беларусь недавно освободила 123 заключённых, включая известного лидера оппозиции Марию Колесникову.",
        "Baltarusija neseniai paleido 123 kalinius, tarp jų gerai žinomą opozicijos lyderę Mariją Kolesnikovą.",
    ),
    (
        "This move follows the U.S. decision to lift certain sanctions on the country.",
        "Этот шаг последовал за решением США снять некоторые санкции со страны.",
        "Šis žingsnis žengtas po JAV sprendimo panaikinti kai kurias sankcijas šaliai.",
    ),
    (
        "Notably, Nobel Peace Prize winner Ales Bialiatski was among those freed as a result of discussions between U.S. envoy John Coale and Belarusian President Alexander Lukashenko.",
        "Примечательно, что лауреат Нобелевской премии мира Алесь Беляцкий оказался среди освобождённых в результате переговоров между посланником США Джоном Коулом и президентом Беларуси Александром Лукашенко.",
        "Pažymėtina, kad Nobelio taikos premijos laureatas Alesis Beliackis buvo tarp paleistųjų po JAV pasiuntinio Johno Coale’o ir Baltarusijos prezidento Aleksandro Lukašenkos derybų.",
    ),
    (
        "The sanctions being lifted primarily target potash, a vital fertilizer component and an important export for Belarus, a nation closely aligned with Russia.",
        "Снимаемые санкции касаются прежде всего калия, важнейшего компонента удобрений и значимого экспортного товара Беларуси, тесно связанной с Россией.",
        "Panaikinamos sankcijos pirmiausia taikytos kaliui, gyvybiškai svarbiai trąšų sudedamajai daliai ir svarbiai Baltarusijos, glaudžiai susijusios su Rusija, eksporto prekei.",
    ),
    (
        "Coale stated that as U.S.-Belarus relations improve, more sanctions could be removed in the future.",
        "Коул заявил, что по мере улучшения отношений США и Беларуси в будущем могут быть сняты и другие санкции.",
        "Coale’as pareiškė, kad gerėjant JAV ir Baltarusijos santykiams ateityje gali būti panaikinta daugiau sankcijų.",
    ),
    (
        "In contrast, the European Union has still not recognized Lukashenko’s presidency.",
        "Напротив, Европейский союз до сих пор не признал президентство Лукашенко.",
        "Tuo tarpu Europos Sąjunga iki šiol nepripažino Lukašenkos prezidentu.",
    ),
    (
        "Kolesnikova’s release is significant.",
        "Освобождение Колесниковой имеет большое значение.",
        "Kolesnikovos paleidimas yra reikšmingas.",
    ),
    (
        "She has been imprisoned since 2020, often in isolation.",
        "Она находилась в заключении с 2020 года, часто в изоляции.",
        "Ji buvo kalinama nuo 2020 metų, dažnai vienutėje.",
    ),
    (
        "Her sister Tatiana, who has been a strong advocate for her, confirmed the news via video call shortly after Kolesnikova was freed.",
        "Её сестра Татьяна, которая активно её защищала, подтвердила эту новость по видеосвязи вскоре после освобождения Колесниковой.",
        "Jos sesuo Tatjana, aktyviai ją gynusi, patvirtino žinią vaizdo skambučiu netrukus po Kolesnikovos paleidimo.",
    ),
    (
        "A group of released prisoners is expected to arrive in Vilnius, Lithuania, where a crowd is gathering outside the U.S. embassy.",
        "Ожидается, что группа освобождённых заключённых прибудет в Вильнюс, Литва, где у посольства США собирается толпа.",
        "Tikimasi, kad grupė paleistų kalinių atvyks į Vilnių, Lietuvą, kur prie JAV ambasados renkasi minia.",
    ),
    (
        "This event marks a notable victory for Lukashenko.",
        "Это событие знаменует заметную победу Лукашенко.",
        "Šis įvykis žymi ryškią Lukašenkos pergalę.",
    ),
    (
        "It indicates a shift in his international standing, particularly as the U.S. warms up to his regime.",
        "Оно указывает на изменение его международного положения, особенно по мере того как США сближаются с его режимом.",
        "Jis rodo jo tarptautinės padėties pokytį, ypač JAV šiltėjant jo režimo atžvilgiu.",
    ),
    (
        "However, many Western nations, including both the U.S. and EU, have yet to accept his leadership following the controversial elections in 2020.",
        "Однако многие западные страны, включая США и ЕС, до сих пор не признали его власть после спорных выборов 2020 года.",
        "Tačiau daugelis Vakarų šalių, įskaitant JAV ir ES, vis dar nepripažįsta jo valdžios po prieštaringų 2020 metų rinkimų.",
    ),
    (
        "Those elections led to widespread protests, which were met with severe police repression.",
        "Те выборы привели к массовым протестам, которые были жестоко подавлены полицией.",
        "Tie rinkimai sukėlė plačius protestus, kuriuos policija žiauriai numalšino.",
    ),
    (
        "Interestingly, the situation has broader implications.",
        "Интересно, что ситуация имеет более широкие последствия.",
        "Įdomu tai, kad padėtis turi platesnių pasekmių.",
    ),
    (
        "Since Russia’s invasion of Ukraine in 2022, when Belarus served as a staging ground, Western countries have imposed even stricter sanctions.",
        "После вторжения России в Украину в 2022 году, когда Беларусь послужила плацдармом, западные страны ввели ещё более строгие санкции.",
        "Po Rusijos invazijos į Ukrainą 2022 metais, kai Baltarusija tapo placdarmu, Vakarų šalys įvedė dar griežtesnes sankcijas.",
    ),
    (
        "Coale noted that these recent decisions reflect a significant pivot in U.S. policy, contrasting sharply with Europe’s approach of isolation and sanctions.",
        "Коул отметил, что эти недавние решения отражают значительный поворот в политике США, резко отличающийся от европейского подхода изоляции и санкций.",
        "Coale’as pažymėjo, kad šie sprendimai atspindi reikšmingą JAV politikos posūkį, smarkiai besiskiriantį nuo Europos izoliacijos ir sankcijų politikos.",
    ),
    (
        "Public opinion also plays a role here.",
        "Общественное мнение здесь также играет роль.",
        "Viešoji nuomonė čia taip pat svarbi.",
    ),
    (
        "Social media reactions have shown mixed feelings.",
        "Реакция в социальных сетях показала смешанные чувства.",
        "Reakcijos socialiniuose tinkluose parodė prieštaringus jausmus.",
    ),
    (
        "Many human rights advocates celebrate the releases, while others question the underlying motives of the U.S. government.",
        "Многие правозащитники приветствуют освобождения, тогда как другие ставят под сомнение скрытые мотивы правительства США.",
        "Daugelis žmogaus teisių gynėjų džiaugiasi paleidimais, o kiti abejoja tikraisiais JAV vyriausybės motyvais.",
    ),
    (
        "The intricate dynamics of international relations continue to evolve, leaving many wondering how this will affect the future of Belarus and its people.",
        "Сложная динамика международных отношений продолжает развиваться, и многие задаются вопросом, как это повлияет на будущее Беларуси и её народа.",
        "Sudėtinga tarptautinių santykių dinamika toliau kinta, ir daugelis svarsto, kaip tai paveiks Baltarusijos ir jos žmonių ateitį.",
    ),
    (
        "For a deeper understanding of these developments, you can explore this report on U.S.-Belarus relations.",
        "Чтобы глубже понять эти события, вы можете изучить этот доклад об отношениях США и Беларуси.",
        "Norėdami geriau suprasti šiuos įvykius, galite perskaityti šią ataskaitą apie JAV ir Baltarusijos santykius.",
    ),
]
"""(English, Russian, Lithuanian) of the headline and every sentence."""
