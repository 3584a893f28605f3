from rag.scoring.spelling import respellings, spelt

TEXTS = ["The passport photo costs 18. The leader of the group is Ann Persson.", "A sender pays."]


def known(word: str) -> bool:
    return word in ("price", "lender", "is")


def test_slips_are_read_as_words_of_the_texts() -> None:
    slips = respellings("how mcuh is the pasport foto", TEXTS, known)
    assert slips == {"mcuh": "much", "pasport": "passport", "foto": "photo"}
    assert spelt("how mcuh is the pasport foto", slips) == "how much is the passport photo"


def test_words_without_content_are_none() -> None:
    assert respellings("whats the leader", ["What leader?"], known) == {}


def test_words_names_codes_and_other_first_letters_stay() -> None:
    assert respellings("Who is the lender?", TEXTS, known) == {}  # a word
    assert respellings("Who is the tender?", TEXTS, known) == {}  # not the first letter
    assert respellings("What does Anny do?", TEXTS, known) == {}  # a short name
    assert respellings("What is photoo-7 and A4photoo?", TEXTS, known) == {}
    assert respellings("Who is the Leader of groups?", TEXTS, known) == {}


def test_a_word_is_read_as_its_other_part_of_the_world_spells_it() -> None:
    text = "The licence of the centre in colour is organised by the catalogue. Tyre: 2 fibres."
    question = "license center color organized catalog tire fiber"
    assert respellings(question, [text], lambda word: True) == {
        "license": "licence", "center": "centre", "color": "colour",
        "organized": "organised", "catalog": "catalogue", "tire": "tyre",
    }  # fmt: skip
    assert respellings("hour four corps", ["A horn, a form, our court."], lambda word: True) == {}


def test_words_that_a_text_writes_as_one_or_as_two_are_read_so() -> None:
    texts = ["A backup of the Wi-Fi settings.", "Each data base and database."]
    assert respellings("please back up my wifi", texts, lambda word: True) == {
        "back up": "backup",
        "wifi": "Wi-Fi",
    }
    assert (
        respellings("is the data base on-line", texts, lambda word: True) == {}
    )  # as it stands; not there


def test_words_of_a_pair_are_not_spelt_anew() -> None:
    assert respellings("bakc up", ["bakcup or back"], lambda word: False) == {"bakc up": "bakcup"}


def test_pairs_are_replaced_whole() -> None:
    assert spelt("Back up, or back it up", {"Back up": "backup"}) == "backup, or back it up"
    assert spelt("nothing", {}) == "nothing"
