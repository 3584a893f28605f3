"""How something is done is told by the code of the section that is named so, and by no other."""

import pytest

from rag.core.types import Passage
from rag.reading.instructions import asked_instructions

TIMEOUTS = """## Setting and disabling timeouts

Timeouts are enforced everywhere.

Set one:

```python
get(url, timeout=10.0)
```

Or disable timeouts:

```python
get(url, timeout=None)
```
"""
KEYS = "## Keys\n\nA key lets a program in. To create one:\n\n```sh\napp keys create\n```"


def told(question: str, *texts: str, heading: tuple[str, ...] = (), title: str = "App") -> str:
    passages = [
        Passage("", "", 1, "", title, None, 0, len(text), 1.0, text, heading=heading) for text in texts
    ]
    found = asked_instructions(question, passages)
    return "" if found is None else "\n".join(found[0].text[slice(*span)] for span in found[1])


def test_it_is_the_code_that_says_it_with_what_leads_to_it() -> None:
    assert told("How do I set timeouts?", TIMEOUTS) == (
        "Timeouts are enforced everywhere.\nSet one:\n```python\nget(url, timeout=10.0)\n```"
    )
    assert told("how to disable a timeout", KEYS, TIMEOUTS) == (
        "Or disable timeouts:\n```python\nget(url, timeout=None)\n```"
    )


def test_the_heading_names_what_the_text_does_and_both_together_the_question() -> None:
    assert told("How do I create keys?", KEYS).endswith("app keys create\n```")
    assert told("How do I delete keys?", KEYS) == ""
    assert told("How do I create users?", KEYS) == ""


def test_a_name_of_code_says_the_words_that_it_is_made_of() -> None:
    text = "### `HTTPSessionKeys`\n\n```py\nHTTPSessionKeys(app)\n```"
    assert told("How do I use HTTP session keys?", text) == "```py\nHTTPSessionKeys(app)\n```"


def test_of_two_sections_it_is_the_one_that_says_least_besides() -> None:
    other = "## Keys of other applications\n\nCreate keys:\n\n```sh\nother keys create\n```"
    assert "other" not in told("How do I create keys?", other, KEYS)


@pytest.mark.parametrize(
    "question", ["What are keys?", "How long are keys?", "Create keys", "How do I do it?"]
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert told(question, KEYS) == ""


def test_what_is_denied_is_not_done() -> None:
    text = "## Running scripts\n\nIf it has no dependencies, run it:\n\n```sh\napp run\n```"
    assert told("How do I run a script with dependencies?", text) == ""
    assert told("How do I run a script that has no dependencies?", text).endswith("app run\n```")


def test_a_passage_that_begins_below_the_heading_says_all_itself() -> None:
    code = "```sh\napp keys create\n```"
    assert told("How do I create keys?", f"To create keys:\n\n{code}", heading=("Keys",)).endswith(code)
    assert told("How do I create keys?", code.replace("create", "list"), heading=("Keys",)) == ""


def test_of_a_long_introduction_the_last_sentences_lead() -> None:
    text = "## Keys\n\nOne. Two. Three. Create it:\n\n```sh\napp keys create\n```"
    assert told("How do I create keys?", text) == "Two.\nThree.\nCreate it:\n```sh\napp keys create\n```"


def test_what_long_code_says_is_not_what_it_shows() -> None:
    lines = "\n".join(f"step {number}" for number in range(12))
    text = f"## Keys\n\nCheck it:\n\n```sh\n{lines}\ncreated\n```"
    assert told("How do I create keys?", text) == ""
    assert told("How do I create keys?", text.replace("Check", "Create")).startswith("Create it:")


def test_code_further_down_has_a_word_of_the_question() -> None:
    text = "## Keys\n\n```sh\napp keys\n```\n\nRest:\n\n```sh\napp rest\n```"
    assert told("How do I get keys?", text) == "```sh\napp keys\n```"
    assert told("How do I get keys?", text.replace("app keys", "app")) == "```sh\napp\n```"
