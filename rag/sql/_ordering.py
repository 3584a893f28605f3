"""What the rows are ordered by, and how many of them are asked for."""

from sqlglot import exp

from rag.sql._draft import Draft
from rag.sql.linking import Place, superlative_columns

__all__ = ["read_order"]


_AGGREGATES = ("avg", "sum", "max", "min")
_DIRECTIONS = ("asc", "desc", "alphabet", "sort")


def read_order(draft: Draft) -> bool:
    """Take what orders the rows; False where some of it is not understood."""
    for at, each in enumerate(draft.links):
        if each.kind in ("most", "fewest"):
            if not _order_by_count(draft, at):
                return False
        elif each.kind in ("sort", "alphabet", "asc", "desc") and at not in draft.taken:
            _sort(draft, at)
        elif each.kind in ("max", "min") and not _is_aggregate(draft, at) and not _superlative(draft, at):
            return False
    return True


def _order_by_count(draft: Draft, at: int) -> bool:
    target, subject = draft.next(at), draft.subject(at)
    if target is None or subject is None or draft.links[target].kind != "table":
        return False
    counted = draft.links[target].table
    if counted == subject:
        return False
    draft.taken |= {at, target}
    table = draft.table(subject)
    for place in draft.display(table):
        draft.selected.append(draft.use(place))
    draft.grouped += [draft.use((subject, key.name)) for key in table.columns if key.is_key]
    draft.grouped += [each for each in draft.selected if each not in draft.grouped]
    draft.need(counted)
    count = exp.Count(this=exp.Star())
    if draft.links[at].kind == "fewest":
        keys = [(counted, column.name) for column in draft.table(counted).columns if column.is_key]
        if not keys or draft.needed[0] != subject:
            return False
        draft.keeps_rows = True
        count = exp.Count(this=draft.use(keys[0]))
    draft.order = exp.Ordered(this=count, desc=draft.links[at].kind == "most", nulls_first=False)
    draft.limit = 1
    return True


def _sort(draft: Draft, at: int) -> None:
    target = draft.next(at)
    kinds = {each.kind for each in draft.links}
    draft.taken |= {near for near, each in enumerate(draft.links) if each.kind in _DIRECTIONS} | {at}
    if target is not None and draft.links[target].kind == "column":
        draft.taken.add(target)
        column = draft.use(draft.place(target))
    elif draft.order is None:
        subject = draft.subject(at) or (draft.mentioned or [""])[0]
        named = [each for each in draft.links[:at] if each.kind == "column"]
        if named:
            column = draft.use(draft.nearest(named[-1].places))
        elif subject:
            column = draft.use(draft.display(draft.table(subject))[0])
        else:
            return
    else:
        return
    draft.order = exp.Ordered(this=column, desc="desc" in kinds, nulls_first="desc" not in kinds)


def _superlative(draft: Draft, at: int) -> bool:
    """Order by the column behind `highest`, or by that which makes a table's rows the longest."""
    target = draft.next(at)
    count = _count_before(draft, at)
    if target is None:
        return False
    draft.taken |= {at, target}
    if draft.links[target].kind == "column":
        place = draft.nearest(draft.links[target].places)
    else:
        table = draft.table(draft.links[target].table)
        found = superlative_columns(draft.links[at].words[-1], table)
        by = _by_column(draft, target)
        if by is None and len(found) != 1:
            return False
        place = by or (table.name, found[0].name)
    draft.order = exp.Ordered(this=draft.use(place), desc=draft.is_most(at, place), nulls_first=False)
    draft.limit = count or 1
    return True


def _by_column(draft: Draft, at: int) -> Place | None:
    """Give the column of `top 3 products by price`."""
    for near in range(at + 1, len(draft.links) - 1):
        if draft.links[near].kind == "by" and (column := draft.next(near)) is not None:
            draft.taken |= {near, column}
            return draft.place(column)
    return None


def _is_aggregate(draft: Draft, at: int) -> bool:
    """Tell `the highest price` that is asked for from that by which a row is found."""
    target = draft.next(at)
    if target is None or draft.links[target].kind != "column":
        return any(
            draft.links[near].kind in _AGGREGATES for near in (at + 1, at + 2) if near < len(draft.links)
        )
    earlier = [each for each in draft.links[:at] if each.kind in ("table", "column")]
    return bool(draft.grouped) or not earlier


def _count_before(draft: Draft, at: int) -> int | None:
    for near in (at - 1, at + 1):
        if 0 <= near < len(draft.links) and draft.links[near].kind == "number":
            draft.taken.add(near)
            value = draft.links[near].value
            return value if isinstance(value, int) else None
    return None
