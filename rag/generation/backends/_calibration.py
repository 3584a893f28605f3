"""Twenty short texts of an invented town, with a question for each: prompts to compare readings by.

Nothing is measured or trained on them that is reported as quality.
"""

from dataclasses import dataclass

from rag.core.types import Passage
from rag.generation.context import render_passages
from rag.generation.prompts import load_prompt

__all__ = ["calibration_prompts"]

_OFFSETS = (3, 7, 12)  # of the other passages, behind the one that answers


@dataclass(frozen=True, slots=True)
class _Text:
    title: str
    text: str
    question: str


_TEXTS = (
    _Text(
        "Library",
        "The library of Halden Bridge opens at nine on weekdays and at ten on Saturdays. Readers may"
        " borrow eight books for three weeks, and renew each of them twice unless another reader waits"
        " for it.",
        "How many books may a reader borrow?",
    ),
    _Text(
        "Ferry",
        "The ferry to Gull Island leaves from the stone pier every forty minutes between April and"
        " October. In winter it sails only on Sundays, and not at all when the wind is above seven on"
        " the scale.",
        "When does the ferry sail in winter?",
    ),
    _Text(
        "Market",
        "The market on Corn Square is held on Thursdays. Stalls are let by the half day for twelve"
        " crowns; farmers of the valley pay half. Live animals have not been sold there since the fire"
        " of 1911.",
        "What does a stall cost for half a day?",
    ),
    _Text(
        "Swimming pool",
        "The pool was built in 1968 by the architect Ines Marlow. It is heated by the paper mill next"
        " door, which keeps the water at twenty-six degrees. Children under six swim free of charge.",
        "Who built the swimming pool?",
    ),
    _Text(
        "Waste",
        "Paper is collected on the first Monday of the month and glass on the third. Old paint,"
        " batteries and lamps belong to the yard behind the station, which takes them on Fridays from"
        " two to six.",
        "Where do old batteries belong?",
    ),
    _Text(
        "School",
        "Two hundred and forty children go to the school on Mill Lane. Lessons begin at ten past eight."
        " Since last autumn every class spends one morning a week in the school garden, whatever the"
        " weather.",
        "When do lessons begin?",
    ),
    _Text(
        "Observatory",
        "The observatory stands on Crow Hill, four hundred metres above the town. Its telescope has a"
        " mirror of sixty centimetres. Visitors are welcome on clear nights from Tuesday to Thursday.",
        "How large is the mirror of the telescope?",
    ),
    _Text(
        "Bakery",
        "Tolland's bakery has made rye bread by the same recipe since 1874. The dough rests for twenty"
        " hours in oak troughs. The shop sells what is left of the day at half the price after five"
        " o'clock.",
        "How long does the dough rest?",
    ),
    _Text(
        "Bridge",
        "The old bridge has seven arches and carries no vehicles over three tonnes. It was closed for"
        " two years after the flood of 1953, when the middle arch fell, and was opened again by the"
        " mayor.",
        "Why was the old bridge closed?",
    ),
    _Text(
        "Museum",
        "The clock museum shows nine hundred clocks, most of them given by the watchmaker Otto Brandt."
        " The oldest was made in Prague in 1590 and still runs. Entry costs six crowns, and nothing on"
        " Mondays.",
        "Where was the oldest clock made?",
    ),
    _Text(
        "Trains",
        "Trains to the capital leave at five past every hour and take two hours and ten minutes."
        " Bicycles are carried in the last coach for four crowns. The night train was given up in 2009.",
        "How long does the train to the capital take?",
    ),
    _Text(
        "Orchard",
        "In the orchard behind the abbey grow thirty kinds of apple. The Grey Widow is the rarest of"
        " them: only two trees are left. The harvest is pressed in October, and the juice is sold at the"
        " abbey's gate.",
        "Which apple is the rarest in the orchard?",
    ),
    _Text(
        "Water",
        "The town drinks water from three springs in the beech forest. It is hard and is not treated"
        " with chlorine. Each household pays two crowns a cubic metre, and four for what it uses over a"
        " hundred.",
        "Where does the town's water come from?",
    ),
    _Text(
        "Theatre",
        "The theatre seats three hundred and twelve. It plays from September to May, and its company"
        " has eleven actors. On the last evening of a season the audience chooses the play by a show of"
        " hands.",
        "How many people does the theatre seat?",
    ),
    _Text(
        "Parking",
        "Parking in the old town is free for thirty minutes and then costs one crown a quarter of an"
        " hour. People who live there buy a yearly card for ninety crowns at the town hall, one for each"
        " flat.",
        "What does a yearly parking card cost?",
    ),
    _Text(
        "Brewery",
        "The brewery stopped making beer in 1998. Its cellars are cool all the year and now hold"
        " mushrooms: two sisters grow four tonnes of them a year and send them to restaurants on the"
        " coast.",
        "What do the brewery's cellars hold now?",
    ),
    _Text(
        "Fire brigade",
        "The fire brigade has forty volunteers and three engines. It was called out a hundred and six"
        " times last year, most often for cats, cellars full of water and cars that had slid off the"
        " pass road.",
        "How many volunteers does the fire brigade have?",
    ),
    _Text(
        "Weather station",
        "The weather station has been run by the Lindqvist family for four generations. The coldest"
        " morning that they wrote down was the second of February 1956, with thirty-one degrees of"
        " frost.",
        "Who runs the weather station?",
    ),
    _Text(
        "Choir",
        "The choir rehearses on Wednesdays in the hall of the dairy. It sings in four languages, one of"
        " which no one in the town speaks. New voices are heard in January; tenors are taken without"
        " being heard.",
        "Where does the choir rehearse?",
    ),
    _Text(
        "Mill",
        "The paper mill makes blotting paper, the last in the country to do so. Sixty people work"
        " there. Its wheel was replaced by a turbine in 1926, which also lights the street lamps of the"
        " lower town.",
        "What does the paper mill make?",
    ),
)


def calibration_prompts() -> list[list[dict[str, str]]]:
    """Give one chat a question: the passage that answers and three others, in changing places."""
    return [_chat(number) for number in range(len(_TEXTS))]


def _chat(number: int) -> list[dict[str, str]]:
    count = len(_TEXTS)
    order = [number, *((number + offset) % count for offset in _OFFSETS)]
    turn = number % len(order)
    passages = [_passage(_TEXTS[each]) for each in [*order[-turn:], *order[:-turn]]]
    values = {"question": _TEXTS[number].question, "passages": render_passages(passages)}
    return [
        {"role": message.role, "content": message.content}
        for message in load_prompt("answer").render(values)
    ]


def _passage(text: _Text) -> Passage:
    return Passage(text.title, text.title, 1, "", text.title, None, 0, len(text.text), 1.0, text.text)
