"""The words that questions to a database are made of, besides its own names and values."""

from typing import Literal, get_args

__all__ = ["MEASURED", "NUMERALS", "PHRASES", "STOP", "Kind"]

Operation = Literal[
    "count", "avg", "sum", "max", "min", "most", "fewest", "more", "less", "least", "atmost", "between",
    "each", "by", "sort", "asc", "desc", "alphabet", "distinct",
]  # fmt: skip
Kind = Literal["table", "column", "value", "number", "word", "unread"] | Operation

STOP = frozenset(
    """a about all also an and any are at be been belong belongs by called came can come contain
    contains could data database did display do does during entries entry equal every exist exists
    find for from get gets give given had has have having i if in include includes information into
    is it its itself kind list live lives located made make makes many me much name's named of on or
    our out place please present print provide query record recorded records registered return
    returned row rows s see show shown stored table take takes tell that the their them there
    there's these they this those titled to under us used value values want was we were what what's
    whats when where which who whom whose will with would you your ! ' ( ) , . : ; ? ’
    """.split()
)
NUMERALS = dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True))
_SAID = """
count: how many, total number of, number of, count of, count the, count, the amount of
avg: average of, average, mean, avg
sum: sum of, total sum of, total of, sum, combined, overall, total
max: maximum, highest, largest, biggest, greatest, max, most expensive, longest, tallest, oldest,
    heaviest, latest, newest, most recent, most populous, most populated, top, the most expensive, the
    most recent, the most populous, the most populated
min: minimum, lowest, smallest, min, cheapest, least expensive, shortest, youngest, lightest, earliest,
    first, least populous, least populated
most: has the most, have the most, with the most, the most number of, the largest number of, the highest
    number of, the greatest number of, had the most, the most
fewest: has the fewest, have the fewest, with the fewest, the smallest number of, the lowest number of,
    the least number of, the fewest
more: more than, greater than, larger than, higher than, bigger than, longer than, older than, above,
    over, exceeding, exceeds, after
less: less than, fewer than, smaller than, lower than, shorter than, younger than, cheaper than, below,
    under, before
least: at least, no less than, not less than
atmost: at most, no more than, not more than
between: between
each: for each, of each, in each, by each, each, per, for every, grouped by, group by
by: by
sort: sorted by, ordered by, order by, sort by, ranked by, in order of, sorted in, ordered in, sort them
    by, order them by, sorted, ordered
asc: in ascending order of, in ascending order, ascending order, ascending, increasing, from lowest to
    highest
desc: in descending order of, in descending order, descending order, descending, decreasing, from
    highest to lowest
alphabet: in alphabetical order of, in alphabetical order, alphabetically, alphabetical order
distinct: distinct, different, unique
"""
_MEASURED = """
expensive: price, cost
cheap: price, cost
cost: price, cost
long: length, duration, milliseconds
short: length, duration, milliseconds, height
tall: height
old: age, birth, founded
young: age, birth
heavy: weight
light: weight
large: area, size, population, capacity
big: area, size, population, capacity
small: area, size, population, capacity
populous: population
populated: population
recent: date, year
late: date, year
new: date, year
early: date, year
high: height, elevation, altitude
low: height, elevation, altitude
"""


def _lists(text: str) -> dict[str, tuple[str, ...]]:
    """Read `name: one, another`, where a list goes on in the lines that are indented."""
    lines = text.strip().replace("\n    ", " ").splitlines()
    parts = (line.partition(": ") for line in lines)
    return {name: tuple(said.split(", ")) for name, _, said in parts}


PHRASES: dict[Operation, tuple[str, ...]] = {name: _lists(_SAID)[name] for name in get_args(Operation)}
MEASURED = _lists(_MEASURED)
"""What makes things long, cheap or old: the columns that tell it, by the adjective's beginning."""
