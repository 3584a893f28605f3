"""What is asked for: columns, counts, sums, and for each of what."""

from sqlglot import exp

from rag.sql._draft import Draft
from rag.sql._phrases import Kind
from rag.sql.linking import Place
from rag.sql.schema import name_words

__all__ = ["read_aggregates", "read_columns", "read_groups"]


_AGGREGATES: dict[Kind, type[exp.AggFunc]] = {
    "avg": exp.Avg,
    "sum": exp.Sum,
    "max": exp.Max,
    "min": exp.Min,
}


def read_groups(draft: Draft) -> bool:
    """Take what there is to be a row for each of; False where it is not understood."""
    for at, each in enumerate(draft.links):
        if each.kind == "each" or (each.kind == "by" and _aggregating(draft)):
            target = draft.next(at)
            if target is None and each.kind == "by":
                draft.taken.add(at)  # "by AC/DC"
                continue
            if target is None:
                return False
            draft.taken |= {at, target}
            place = draft.place(target)
            draft.grouped.append(draft.use(place))
            draft.selected.append(draft.use(place))
    return True


def read_aggregates(draft: Draft) -> bool:
    """Take what is counted, added, averaged; False where it is not understood."""
    read: set[int] = set()  # a column may be of several: the least and the largest price
    for at, each in enumerate(draft.links):
        if each.kind == "count":
            target = draft.next(at)
            if target is None:
                return False
            read |= {at, target}
            draft.selected.append(_counted(draft, target))
        elif each.kind in _AGGREGATES and at not in draft.taken:
            targets = _columns_after(draft, at)
            places = [draft.nearest(draft.links[target].places, numeric=True) for target in targets]
            if not places and each.kind == "sum":
                places = _totals(draft)
            if not places:
                return False
            read |= {at, *targets}
            draft.selected += [_aggregate(draft, at, place) for place in places]
    draft.taken |= read
    return True


def _aggregate(draft: Draft, at: int, place: Place) -> exp.Expr:
    kind = draft.links[at].kind
    if kind in ("max", "min"):
        kind = "max" if draft.is_most(at, place) else "min"
    return _AGGREGATES[kind](this=draft.use(place))


def _counted(draft: Draft, target: int) -> exp.Expr:
    found = draft.links[target]
    if found.kind == "column":
        place = draft.nearest(found.places)
        column = draft.use(place)
        if draft.column(place).is_number and not draft.column(place).is_key:
            return exp.Sum(this=column)  # units, inhabitants: a number of things by itself
        return exp.Count(this=exp.Distinct(expressions=[column]))
    draft.need(found.table)
    keys = [column for column in draft.table(found.table).columns if column.is_key]
    others = {*draft.needed, *draft.mentioned} - {found.table}
    if others and len(keys) == 1:
        return exp.Count(this=exp.Distinct(expressions=[draft.use((found.table, keys[0].name))]))
    return exp.Count(this=exp.Star())


def _totals(draft: Draft) -> list[Place]:
    """Give the column called total of the table that is named: `the total of all invoices`."""
    return [
        (table.name, column.name)
        for table in draft.tables()
        for column in table.columns
        if name_words(column.name)[-1:] == ["total"] and column.is_number
    ][:1]


def read_columns(draft: Draft) -> bool:
    """Select the columns that nothing else has taken, or what names the rows."""
    listed = [at for at, each in enumerate(draft.links) if each.kind == "column" and at not in draft.taken]
    aggregates = [each for each in draft.selected if each.find(exp.AggFunc)]
    if listed and aggregates and not draft.grouped:
        return False
    if any(draft.is_link(draft.nearest(draft.links[at].places)) for at in listed):
        return False  # "who reports to Andrew" asks for a row by the column, not for the column
    draft.taken |= set(listed)
    draft.selected = [
        *(draft.use(draft.nearest(draft.links[at].places)) for at in listed),
        *draft.selected,
    ]
    if not draft.selected and draft.mentioned:
        draft.selected = [draft.use(place) for place in draft.display(draft.table(draft.mentioned[0]))]
    return True


def _columns_after(draft: Draft, at: int) -> list[int]:
    """Give the columns that an aggregate is of: the next, and those that `and` adds to it."""
    targets: list[int] = []
    for near in range(at + 1, len(draft.links)):
        each = draft.links[near]
        if each.kind == "column" and near not in draft.taken:
            targets.append(near)
        elif each.kind in _AGGREGATES and not targets:
            continue  # "maximum and minimum price"
        elif each.kind not in ("word", "distinct") and not (each.kind == "table" and not targets):
            break
        elif targets and each.kind == "word" and each.words[0].casefold() not in ("and", ","):
            break
    return targets


def _aggregating(draft: Draft) -> bool:
    return any(each.kind in ("count", "avg", "sum") for each in draft.links)
