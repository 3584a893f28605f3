"""What narrows the rows: values, numbers and comparisons."""

from sqlglot import exp

from rag.sql._draft import YEARS, Draft
from rag.sql._phrases import Kind
from rag.sql.linking import Place

__all__ = ["read_conditions"]


_COMPARE: dict[Kind, type[exp.Binary]] = {
    "more": exp.GT,
    "less": exp.LT,
    "least": exp.GTE,
    "atmost": exp.LTE,
}


def read_conditions(draft: Draft) -> bool:
    """Take what narrows the rows; False where some of it is not understood."""
    return _comparisons(draft) and _filters(draft)


def _comparisons(draft: Draft) -> bool:
    for at, each in enumerate(draft.links):
        if each.kind in _COMPARE or each.kind == "between":
            numbers = draft.following(at, "number", 2 if each.kind == "between" else 1)
            place = _measured_near(draft, at, numbers)
            if not numbers or place is None:
                return False
            draft.taken |= {at, *numbers}
            _compare(draft, each.kind, place, [draft.links[number].value for number in numbers])
    return True


def _compare(draft: Draft, kind: Kind, place: Place, values: list[object]) -> None:
    column: exp.Expr = draft.use(place)
    literals = [exp.Literal.number(str(value)) for value in values]
    if draft.is_date(place) and all(isinstance(v, int) and v in YEARS for v in values):
        column = draft.year(column)
    if kind == "between" and len(literals) == 2:
        draft.conditions.append(exp.Between(this=column, low=literals[0], high=literals[1]))
    else:
        draft.conditions.append(_COMPARE[kind](this=column, expression=literals[0]))


def _filters(draft: Draft) -> bool:
    same: dict[Place, list[object]] = {}
    for at, each in enumerate(draft.links):
        if each.kind == "value":
            place = _place_of_value(draft, at)
            same.setdefault(place, []).extend(
                text for at_place, text in each.spellings if at_place == place
            )
            draft.taken.add(at)
        elif each.kind == "number" and at not in draft.taken and not _is_count(draft, at):
            equal = _equal_to(draft, at)
            if equal is None or draft.has_odd_dates(equal):
                return False
            is_text = draft.column(equal).is_text
            same.setdefault(equal, []).append(str(each.value) if is_text else each.value)
            draft.taken.add(at)
    for place, values in same.items():
        literals = [_literal(value) for value in dict.fromkeys(values)]
        column: exp.Expr = draft.use(place)
        if draft.is_date(place):
            column = draft.year(column)
        elif not draft.column(place).type:  # its values may be numbers, and known are their texts
            column = exp.cast(column, "TEXT")
        one = exp.EQ(this=column, expression=literals[0])
        draft.conditions.append(one if len(literals) == 1 else exp.In(this=column, expressions=literals))
    return True


def _place_of_value(draft: Draft, at: int) -> Place:
    """Choose the column that a value is of: one that is named beside it, else of a named table."""
    places = draft.links[at].places
    for near in (at - 1, at + 1, at - 2, at + 2):
        if 0 <= near < len(draft.links) and draft.links[near].kind == "column":
            if common := [place for place in draft.links[near].places if place in places]:
                draft.taken.add(near)
                return common[0]
    by_table = [place for place in places if place[0] in draft.mentioned]
    shown = [place for place in places if draft.is_display(place)]
    named = [place for place in by_table if place in shown]
    return (named or shown or by_table or list(places))[0]


def _equal_to(draft: Draft, at: int) -> Place | None:
    """Give the column that a bare number is of: one beside it, or a year's."""
    for near in (at - 1, at - 2, at + 1):
        if 0 <= near < len(draft.links) and draft.links[near].kind == "column" and near not in draft.taken:
            draft.taken.add(near)
            return draft.nearest(draft.links[near].places)
    if draft.links[at].value not in YEARS:
        return None
    return draft.year_column()


def _measured_near(draft: Draft, at: int, numbers: list[int]) -> Place | None:
    """Give the column that is compared: behind the number, or the last one before."""
    after = [near for near in range(max(numbers, default=at) + 1, len(draft.links))][:1]
    before = [near for near in range(at - 1, -1, -1) if draft.links[near].kind == "column"][:1]
    for near in (*after, *before):
        if draft.links[near].kind == "column":
            place = draft.nearest(draft.links[near].places, numeric=True)
            if draft.column(place).is_number or draft.is_date(place):
                draft.taken.add(near)
                return place
    years = all(draft.links[number].value in YEARS for number in numbers)
    return draft.year_column() if years else None


def _is_count(draft: Draft, at: int) -> bool:
    """Tell the 5 of `top 5` and `the 5 longest` from a value."""
    near = [draft.links[i].kind for i in (at - 1, at + 1) if 0 <= i < len(draft.links)]
    return bool({"max", "min"} & set(near))


def _literal(value: object) -> exp.Expr:
    return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(str(value))
