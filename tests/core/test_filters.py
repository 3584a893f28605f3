import json
import operator
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.core.errors import InvalidFilterError
from rag.core.filters import And, Comparison, Not, Or, matches, parse_filter
from rag.core.types import Attribute

DOCUMENT: dict[str, Attribute] = {
    "status": "Final",
    "year": 2021,
    "share": 0.5,
    "is_open": True,
    "tags": ("red", "blue"),
}

TEXTS = st.text(max_size=4)
JSON: st.SearchStrategy[object] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["and", "or", "not", "status", "eq", "ne", "in", "gt", "lte", "like", ""])
            | TEXTS,
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)
SCALARS = st.one_of(TEXTS, st.integers(-3, 3), st.sampled_from([-0.5, 0.0, 1.0, 2.5]), st.booleans())
FIELDS = st.sampled_from(["a", "b"])
FILTERS: st.SearchStrategy[dict[str, object]] = st.recursive(
    st.one_of(
        st.dictionaries(FIELDS, SCALARS | st.lists(SCALARS, max_size=3), max_size=2),
        st.dictionaries(
            FIELDS,
            st.dictionaries(
                st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), SCALARS, min_size=1, max_size=2
            )
            | st.fixed_dictionaries({"in": st.lists(SCALARS, max_size=3)}),
            max_size=2,
        ),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"and": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"or": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(
    FIELDS | st.just("c"), SCALARS | st.lists(TEXTS, min_size=1, max_size=3).map(tuple), max_size=3
)


def passes(raw: object, attributes: dict[str, Attribute] = DOCUMENT) -> bool:
    return matches(parse_filter(raw), attributes)


SIGNS: dict[str, Callable[..., bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def reference(raw: dict[str, object], attributes: dict[str, Attribute]) -> bool:
    """Read the JSON by the words of the language alone."""
    return all(entry(key, value, attributes) for key, value in raw.items())


def entry(key: str, value: object, attributes: dict[str, Attribute]) -> bool:
    if isinstance(value, list) and key in ("and", "or"):
        return (all if key == "and" else any)(reference(part, attributes) for part in value)
    if isinstance(value, dict):
        if key == "not":
            return not reference(value, attributes)
        return all(compare(attributes.get(key, ()), op, operand) for op, operand in value.items())
    return compare(attributes.get(key, ()), "in" if isinstance(value, list) else "eq", value)


def compare(held: object, op: str, operand: object) -> bool:
    if op == "ne":
        return not compare(held, "eq", operand)
    if isinstance(operand, list):
        return any(compare(held, "eq", each) for each in operand)
    elements = held if isinstance(held, tuple) else (held,)
    return any(kind(each) is kind(operand) and SIGNS[op](each, operand) for each in elements)


def kind(value: object) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


@given(FILTERS, ATTRIBUTES)
def test_a_filter_means_what_its_words_say(
    raw: dict[str, object], attributes: dict[str, Attribute]
) -> None:
    assert passes(raw, attributes) is reference(raw, attributes)


@given(JSON)
@example({"and": {"status": "Final"}})
@example(float("nan"))
def test_json_of_any_shape_is_a_filter_or_an_invalid_filter(raw: object) -> None:
    try:
        condition = parse_filter(raw)
    except InvalidFilterError:
        return
    attributes = {"status": "Final"}
    assert matches(condition, attributes) is not matches(Not(condition or And(())), attributes)


@pytest.mark.parametrize(
    ("field", "op", "below", "equal", "above"),
    [
        ("year", "eq", False, True, False),
        ("year", "ne", True, False, True),
        ("year", "gt", True, False, False),
        ("year", "gte", True, True, False),
        ("year", "lt", False, False, True),
        ("year", "lte", False, True, True),
    ],
)
def test_an_operator_compares_the_document_with_the_operand(
    field: str, op: str, below: bool, equal: bool, above: bool
) -> None:
    assert [passes({field: {op: year}}) for year in (2020, 2021, 2022)] == [below, equal, above]


@pytest.mark.parametrize("raw", [{"status": ["Active", "Final"]}, {"status": {"in": ["Active", "Final"]}}])
def test_a_list_and_the_operator_in_take_any_of_several_values(raw: object) -> None:
    assert passes(raw)
    assert not passes(raw, {"status": "Draft"})
    assert not passes({"status": {"in": []}})


@pytest.mark.parametrize(
    "raw",
    [
        {"year": "2021"},
        {"year": True},
        {"is_open": 1},
        {"is_open": "True"},
        {"share": {"lt": "1"}},
        {"status": {"gt": 0}},
    ],
)
def test_kinds_of_values_are_never_compared_across(raw: object) -> None:
    assert not passes(raw)


def test_whole_and_fractional_numbers_are_one_kind() -> None:
    assert passes({"year": 2021.0})
    assert passes({"share": {"lt": 1, "gte": 0}})


def test_a_missing_field_matches_nothing_and_so_satisfies_the_contraries() -> None:
    for op, value in (("eq", "x"), ("in", ["x"]), ("gt", 0), ("gte", 0), ("lt", 0), ("lte", 0)):
        assert not passes({"author": {op: value}})
        assert passes({"not": {"author": {op: value}}})
    assert passes({"author": {"ne": "x"}})


def test_a_list_matches_when_any_element_does() -> None:
    assert passes({"tags": "red"})
    assert passes({"tags": {"lt": "c"}})
    assert passes({"tags": {"gte": "red", "lte": "blue"}})  # each by another element
    assert not passes({"tags": {"ne": "red"}})
    assert not passes({"tags": "green"})


def test_several_keys_are_all_required() -> None:
    assert passes({"status": "Final", "year": {"gt": 2020, "lt": 2022}})
    assert not passes({"status": "Final", "year": {"gt": 2020, "lt": 2021}})
    assert not passes({"status": "Draft", "year": 2021})


def test_a_filter_is_read_into_a_tree() -> None:
    raw = {"or": [{"not": {"a": 1}}, {"b": ["x", 2]}], "c": {"gt": 0.5, "ne": True}}
    assert parse_filter(raw) == And(
        (
            Or((Not(Comparison("a", "eq", 1)), Comparison("b", "in", ("x", 2)))),
            And((Comparison("c", "gt", 0.5), Comparison("c", "ne", True))),
        )
    )


@pytest.mark.parametrize("raw", [None, {}])
def test_no_filter_lets_everything_pass(raw: object) -> None:
    assert parse_filter(raw) is None
    assert matches(None, {})


def test_an_empty_and_is_true_and_an_empty_or_is_false() -> None:
    assert passes({"and": []})
    assert not passes({"or": []})


@pytest.mark.parametrize(
    ("raw", "got", "allowed"),
    [
        ([], "list: []", '{"status": "Final"}'),
        ("status", "str: 'status'", '{"status": "Final"}'),
        (0, "int: 0", "a filter is an object"),
        ({"status": {"like": "F"}}, "'like' on \"status\"", "eq, ne, in, gt, gte, lt, lte"),
        ({"status": None}, "got None", '"status" compares with text, a number or a boolean'),
        ({"status": {"gt": [1]}}, "got [1]", "text, a number or a boolean"),
        ({"status": {"in": "Final"}}, "got 'Final'", '"in" on "status" takes a list'),
        ({"status": ["Final", None]}, "got ['Final', None]", "list of text, numbers or booleans"),
        ({"and": {"a": 1}}, "got {'a': 1}", '"and" takes a list of filters'),
        ({"or": "a"}, "got 'a'", '"or" takes a list of filters'),
        ({"not": [{"a": 1}]}, "list: [{'a': 1}]", "a filter is an object"),
        ({"and": [1]}, "int: 1", "a filter is an object"),
        ({"": 1}, "got ''", "1 to 128 characters"),
        ({"year": {}}, "got {}", "operators, eq"),
        ({"x" * 129: 1}, "got 'xxx", "1 to 128 characters"),
        ({"year": float("inf")}, "got inf", "a number"),
        ({"status": "Fi\0nal"}, "got 'Fi", "text"),
        ({"status": ["\ud800"]}, "got [", "text"),
        ({"sta\0tus": "Final"}, "got 'sta", "none of them NUL"),
        ({"year": {"in": [1, float("nan")]}}, "got [1, nan]", "numbers"),
    ],
)
def test_what_is_no_filter_is_refused_with_what_was_got_and_what_is_allowed(
    raw: object, got: str, allowed: str
) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_filter(raw)
    assert got in str(caught.value)
    assert allowed in str(caught.value)


def nested(levels: int) -> object:
    raw: object = {"year": 2021}
    for _ in range(levels):
        raw = {"and": [raw]}
    return raw


def test_sixteen_levels_are_read_and_one_more_is_refused() -> None:
    assert passes(nested(16))
    with pytest.raises(InvalidFilterError, match=r"deeper than 16 levels; flatten it"):
        parse_filter(nested(17))


@pytest.mark.parametrize("start", ["", '{"and": ', '{"a": ', '{"not": ', '{"a": {"in": [', '{"a": {"gt": '])
def test_json_nested_as_deeply_as_can_be_decoded_is_refused_in_few_words(start: str) -> None:
    closing = "".join({"{": "}", "[": "]"}.get(mark, "") for mark in reversed(start))

    def decoded(levels: int) -> object:
        return json.loads(start + "[" * levels + "]" * levels + closing)

    def further_down(frames: int, raw: object) -> None:
        if frames:
            further_down(frames - 1, raw)
        else:
            parse_filter(raw)

    levels = 900
    while True:  # the deepest that this interpreter decodes from here
        try:
            raw = decoded(levels)
        except RecursionError:
            levels -= 20
        else:
            break
    with pytest.raises(InvalidFilterError) as caught:
        further_down(100, raw)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "raw", ["x" * 10**6, {"and": "x" * 10**6}, {"a": {"x" * 10**6: 1}}, {"a": {"in": "x" * 10**6}}]
)
def test_a_large_wrong_value_is_shown_in_short(raw: object) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_filter(raw)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "raw",
    [
        {"source": ["a"] * 1001},
        {"or": [{"source": "a"}] * 600},
        {f"field{number}": "a" for number in range(1001)},
    ],
    ids=["a list", "conditions", "fields"],
)
def test_a_filter_has_so_many_values_and_conditions_at_most(raw: object) -> None:
    with pytest.raises(InvalidFilterError, match="at most 1000 values"):
        parse_filter(raw)
