"""The filter language as PostgreSQL conditions on a JSONB column; the same truth as `filters.matches`.

Every name and value is a bound parameter. tests/laws/test_stores.py compares the two.
"""

import json

from rag.core.filters import And, Comparison, Filter, Not, Or

_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def filter_condition(condition: Filter, parameters: dict[str, object]) -> str:
    """Give the SQL of a filter on the column `attributes`; adds its values to the parameters."""
    match condition:
        case And(parts):
            return _joined(" AND ", [filter_condition(part, parameters) for part in parts], empty="TRUE")
        case Or(parts):
            return _joined(" OR ", [filter_condition(part, parameters) for part in parts], empty="FALSE")
        case Not(part):
            return f"NOT ({filter_condition(part, parameters)})"
        case Comparison():
            return _comparison(condition, parameters)


def _comparison(condition: Comparison, parameters: dict[str, object]) -> str:
    field = f"attributes -> CAST({_bound(condition.field, parameters)} AS text)"
    if condition.op == "ne":
        return f"NOT ({_equals(field, condition.value, parameters)})"
    if condition.op == "in":
        assert isinstance(condition.value, tuple)
        values = [_equals(field, value, parameters) for value in condition.value]
        return _joined(" OR ", values, empty="FALSE")
    if condition.op == "eq":
        return _equals(field, condition.value, parameters)
    return _ordered(field, _SIGNS[condition.op], condition.value, parameters)


def _equals(field: str, value: object, parameters: dict[str, object]) -> str:
    # Containment: a list holds the value, or a single value equals it; of JSON, so types must agree.
    return f"coalesce(({field}) @> CAST({_bound(json.dumps(value), parameters)} AS jsonb), FALSE)"


def _ordered(field: str, sign: str, value: object, parameters: dict[str, object]) -> str:
    elements = (
        f"jsonb_array_elements(CASE jsonb_typeof({field}) WHEN 'array' THEN {field}"
        f" ELSE jsonb_build_array({field}) END)"
    )
    if isinstance(value, str):
        # By code point, as Python compares, whatever the database's collation.
        kind, left, right = "string", "(element #>> '{}') COLLATE \"C\"", _bound(value, parameters)
    else:
        kind = "boolean" if isinstance(value, bool) else "number"
        left, right = "element", f"CAST({_bound(json.dumps(value), parameters)} AS jsonb)"
    test = f"jsonb_typeof(element) = '{kind}' AND {left} {sign} {right}"
    return f"EXISTS (SELECT 1 FROM {elements} AS element WHERE {test})"  # noqa: S608 - no value in it


def _bound(value: object, parameters: dict[str, object]) -> str:
    name = f"filter_{len(parameters)}"
    parameters[name] = value
    return f":{name}"


def _joined(operator: str, conditions: list[str], *, empty: str) -> str:
    return f"({operator.join(conditions)})" if conditions else empty
