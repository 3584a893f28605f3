"""Which language a text is in, among those that share a script too."""

import pytest

from rag.scoring.languages import is_english, language_of, may_be_english

GERMAN = "Die Ruhezeit beginnt um 22 Uhr. Haustiere sind nicht erlaubt."
ENGLISH = "The quiet hours begin at ten. A deposit of 900 euros is kept by the owner."
TEXTS = {
    "sv_SE": "Bilen stod kvar på gatan eftersom motorn inte startade i kylan.",
    "da_DK": "Bilen blev stående på gaden, fordi motoren ikke ville starte i kulden.",
    "no_XX": "Bilen ble stående på gata fordi motoren ikke ville starte i kulda.",
    "fi_FI": "Auto jäi kadulle, koska moottori ei käynnistynyt, ja sitten alkoi sataa.",
    "cs_CZ": "Auto zůstalo stát na ulici, protože se motor v mrazu nespustil.",
    "sk_SK": "Auto zostalo stáť na ulici, pretože sa motor v mraze nespustil, ale vodič neodišiel.",
    "hu_HU": "Az autó az utcán maradt, mert a motor nem indult el a hidegben.",
    "hr_HR": "Automobil je ostao na ulici jer se motor nije pokrenuo, iako je bilo toplo.",
    "sl_SI": "Avto je ostal na ulici, ker se motor ni zagnal in je bilo mrzlo.",
    "lt_LT": "Automobilis liko gatvėje, nes variklis neužsivedė, ir buvo šalta.",
    "lv_LV": "Mašīna palika uz ielas, jo dzinējs nesāka darboties un bija auksts.",
    "et_EE": "Auto jäi tänavale, sest mootor ei käivitunud ja väljas oli külm.",
    "ca_ES": "El cotxe es va quedar al carrer perquè el motor no va arrencar amb el fred.",
    "pl_PL": "Samochód został na ulicy, ponieważ silnik nie zapalił na mrozie.",
    "ro_RO": "Mașina a rămas pe stradă pentru că motorul nu a pornit din cauza frigului.",
    "az_AZ": "Maşın küçədə qaldı, çünki mühərrik işə düşmədi və hava soyuq idi.",
    "nl_XX": "De auto bleef op straat staan omdat de motor niet wilde starten.",
    "pt_XX": "O carro ficou na rua porque o motor não pegou com o frio.",
    "ru_RU": "Машина осталась на улице, потому что двигатель не завёлся на морозе.",
    "uk_UA": "Машина залишилася на вулиці, бо двигун не завівся на морозі.",
    "bg_BG": "Колата остана на улицата, защото двигателят не запали в студа.",
    "sr_RS": "Ауто је остао на улици јер мотор није хтео да крене по хладноћи.",
    "mk_MK": "Колата остана на улица бидејќи моторот не сакаше да запали на студ.",
    "kk_KZ": "Көлік көшеде қалды, өйткені қозғалтқыш суықта іске қосылмады.",
    "ar_AR": "بقيت السيارة في الشارع لأن المحرك لم يعمل في البرد",
    "fa_IR": "ماشین در خیابان ماند چون موتور در سرما روشن نشد",
    "ur_PK": "گاڑی سڑک پر کھڑی رہی کیونکہ سردی میں انجن نہیں چلا",
    "hi_IN": "गाड़ी सड़क पर खड़ी रही क्योंकि ठंड में इंजन चालू नहीं हुआ",
    "mr_IN": "थंडीत इंजिन सुरू झाले नाही म्हणून गाडी रस्त्यावर उभी आहे",
    "ne_NP": "चिसोमा इन्जिन चलेन र गाडी सडकमा रोकिएको छ",
    "ja_XX": "日本語処理技術の研究",
    "zh_CN": "在寒冷的天气里发动机无法启动，所以汽车停在街上。店名是品牌の家",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_in_its_language(language: str) -> None:
    assert language_of(TEXTS[language], list(TEXTS), "en_XX") == language


@pytest.mark.parametrize("text", ["Göteborg", "Toyota Yaris 1.5", "la", "Зеленоград", "OSHA 1910.147 i"])
def test_one_sign_is_not_enough(text: str) -> None:
    assert language_of(text, ["en_XX", *TEXTS], "en_XX") == "en_XX"


def test_a_foreign_name_does_not_decide() -> None:
    text = "The house in Malmö was sold by Åke och Söner to the owner of La Paloma."
    assert language_of(text, ["en_XX", *TEXTS], "en_XX") == "en_XX"


@pytest.mark.parametrize(
    "question",
    [
        "Sind Haustiere erlaubt?",
        "¿Cuánto cuesta?",
        "Combien coûte le billet ?",
        "Wo schläft er?",
        "Die Miete steigt.",
    ],
)
def test_a_short_question_or_sentence_of_another_language_is_not_english(question: str) -> None:
    assert not is_english(question)


@pytest.mark.parametrize("question", ["opening hours Zürich", "deposit", "hay fever", "comment syntax"])
def test_words_without_a_sentence_may_be_english(question: str) -> None:
    assert is_english(question)
    assert may_be_english(question, [])


@pytest.mark.parametrize(
    "question",
    [
        "AI policy",
        "AI budget: 3,000 EUR",
        "Kim Lee salary",
        "kim's phone number",
        "Bao Nguyen extension",
        "Chi Minh salary",
        "ICH Q7 requirements",
        "Oder river length",
        "WO 2019/123 status",
        "Des Moines office",
        "parking at El Paso",
    ],
)
def test_a_name_or_initials_are_no_sign_of_another_language(question: str) -> None:
    assert is_english(question)
    assert may_be_english(question, [])


def test_what_has_its_words_tells_the_language_of_a_question_without_small_words() -> None:
    assert not may_be_english("Ruhezeit", [ENGLISH, GERMAN])
    assert not may_be_english("Die Ruhezeit?", [ENGLISH, GERMAN])
    assert may_be_english("deposit", [ENGLISH, GERMAN])
    assert may_be_english("Where is the Ruhezeit told?", [ENGLISH, GERMAN])


@pytest.mark.parametrize(
    "text", [text for language, text in TEXTS.items() if language not in {"az_AZ", "hu_HU", "lt_LT"}]
)
def test_no_text_of_another_language_is_taken_for_english(text: str) -> None:
    assert not is_english(text)


@pytest.mark.parametrize(
    "question",
    ["Hur länge är det öppet?", "Ile wynosi kaucja?", "Park yeri nerede?", "Wat kosten verloren sleutels?"],
)
def test_no_question_of_another_language_is_taken_for_english(question: str) -> None:
    assert not is_english(question)


@pytest.mark.parametrize(
    "text",
    [
        *("K.", "See map", "so long", "café opening hours", "SOH-fee-ə", "till receipts", "mint tea"),
        *("apple pie price", "pie chart", "José García phone", "crème brûlée", "TNF-α IL-1β", "bi-weekly"),
        "| Zoë Müller | 4711 |\n| José García | 4712 |",
    ],
)
def test_words_that_english_shares_with_others_stay_english(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize(
    "question", ["front door code", "Vincent van Gogh birth year", "health care budget"]
)
def test_a_question_of_few_words_is_of_the_language_of_what_has_them(question: str) -> None:
    assert may_be_english(question, [f"This is what there is to say of the {question}, and no more."])
