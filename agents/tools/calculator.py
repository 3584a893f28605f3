"""Arithmetic: an expression is read as a tree of numbers and operators, never executed.

Fractions, so that 0.1 + 0.2 is 0.3 and remainders are exact; roots, logarithms and what grows too long are
rounded to 50 digits, so that nothing takes long. Angles are radians.
"""

import ast
import asyncio
import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, Inexact, getcontext, localcontext
from fractions import Fraction

from agents.tools._tool import Effects, ToolResult, ToolScope
from rag.core.errors import InvalidInputError
from rag.scoring.tools import Tool

__all__ = ["Calculator"]

_MAX_CHARS = 500
_DIGITS = 50
_SHOWN_DIGITS = 15  # of what was rounded
_MAX_POWER = 1000  # of ten
_MAX_BITS = 20_000  # of a numerator or denominator
_CONSTANTS = {"pi": Decimal("3.14159265358979323846264338327950288419716939937510"), "e": Decimal(1).exp()}
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}\b)")
# There a comma is between values; round takes no number of three digits for its second.
_TAKES_SEVERAL = re.compile(r"\b(?:max|min)\s*\(", re.IGNORECASE)
_COMMA_BETWEEN = re.compile(r",\s")
_LEADING_ZERO = re.compile(r"(?<![\w.])(?<!e[+-])0\d", re.IGNORECASE)  # as in "max(1,000)"
_WORDS = (
    (r"(\d+(?:\.\d+)?) thousand\b", r"(\1*1000)"),
    (r"(\d+(?:\.\d+)?) million\b", r"(\1*1000000)"),
    (r"(\d+(?:\.\d+)?) billion\b", r"(\1*1000000000)"),
    (r"[×·]|\btimes\b|\bmultiplied by\b", "*"),
    (r"÷|\bdivided by\b", "/"),
    (r"[−–]|\bminus\b", "-"),
    (r"\bplus\b", "+"),
    (r"\bto the power of\b|\^", "**"),
    (r"\bsquared\b", "**2"),
    (r"\bcubed\b", "**3"),
    (r"\b(?:the )?square root of\s+(\d+(?:\.\d+)?)", r"sqrt(\1)"),
    (r"(\d+(?:\.\d+)?)\s*(?:%|percent)\s+of\b", r"\1/100*"),
    (r"(\d+(?:\.\d+)?)\s*(?:%(?!\s*[\d(])|percent\b)", r"(\1/100)"),
)
_ASKING = re.compile(
    r"^\s*(?:(?:please|can you|could you|what(?: is|'s| are)|how much (?:is|are)|calculate|compute|evaluate"
    r"|work out|the (?:result|value|sum|product) of|solve)\b[\s:]*)*"
    r"|\s*(?:equal(?:s| to)?|please|=)?[\s?.!=]*$",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(
    r"(?:[\d\s.,+\-*/%()]|\b(?:sqrt|ln|log|log10|exp|sin|cos|tan|abs|round|min|max|pi|e)\b)+"
)
_DATE_LIKE = re.compile(r"\d{4}-\d{1,2}(-\d{1,2})?|[\d-]{6,}|\d{1,2}/\d{1,2}/\d{2,4}|24/7|9/11|50/50|20/20")


class Calculator:
    """Work out an arithmetic expression."""

    spec = Tool(
        "calculator",
        "Calculates an arithmetic expression exactly: + - * / // % **, brackets, sqrt, ln, log10, exp, sin,"
        " cos, tan, abs, round, min, max, factorial, pi and e. Percentages, sums, products, powers.",
        {
            "type": "object",
            "properties": {
                "expression": {
                    "type": "string",
                    "description": "The expression, as in (3 + 4) * 2 or 15% of 240.",
                    "minLength": 1,
                    "maxLength": _MAX_CHARS,
                }
            },
            "required": ["expression"],
            "additionalProperties": False,
        },
    )
    effects: Effects = "none"
    needs_permission = False

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give the expression where the question asks for nothing else."""
        if len(question) > _MAX_CHARS:
            return None
        expression = _ASKING.sub("", question).strip()
        plain = _plain(expression)
        if _DATE_LIKE.fullmatch(expression) or not _EXPRESSION.fullmatch(plain):
            return None
        try:
            tree = _parsed(plain)
        except InvalidInputError:
            return None
        # A number alone, "minus 40" and "plus 10" too, asks for nothing.
        is_bare = isinstance(tree, ast.Constant | ast.Name | ast.UnaryOp)
        return None if is_bare else {"expression": expression}

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Give the expression with its value.

        Raises:
            InvalidInputError: not an expression, or one without a value.
        """
        expression = str(arguments["expression"])
        shown = await asyncio.to_thread(evaluate, expression)
        return ToolResult.of(self.spec.name, f"{expression.strip()} = {shown}", data={"value": shown})


def evaluate(expression: str) -> str:
    """Give the value of an expression.

    >>> evaluate("0.1 + 0.2"), evaluate("15% of 240"), evaluate("2^100")
    ('0.3', '36', '1267650600228229401496703205376')

    Raises:
        InvalidInputError: not an expression, or one without a value.
    """
    plain = _plain(expression)
    tree = _parsed(plain)
    with localcontext(Context(prec=_DIGITS)):
        try:
            return _shown(_value(tree, plain))
        except (DecimalException, OverflowError, ValueError, ZeroDivisionError) as error:
            raise InvalidInputError(f"{expression!r} has no value: {_reason(error)}") from error


def _plain(expression: str) -> str:
    if not _TAKES_SEVERAL.search(expression) or _COMMA_BETWEEN.search(expression):
        expression = _SEPARATOR.sub("", expression)
    for pattern, replacement in _WORDS:
        expression = re.sub(pattern, replacement, expression, flags=re.IGNORECASE)
    return expression.strip()


def _parsed(expression: str) -> ast.expr:
    if not 0 < len(expression) <= _MAX_CHARS:
        raise InvalidInputError(f"an expression has 1 to {_MAX_CHARS} characters, got {len(expression)}")
    try:
        if _LEADING_ZERO.search(expression):
            raise ValueError("it may be the end of another number")
        return ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise InvalidInputError(
            f"{expression!r} is no arithmetic expression; write it as in (3 + 4) * 2"
        ) from error


def _value(node: ast.expr, source: str) -> Fraction:
    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return Fraction(number)
        case ast.Constant(value=float()):
            return _exactly(Decimal(ast.get_source_segment(source, node) or ""))
        case ast.Name(id=name) if name in _CONSTANTS:
            return _roughly(_CONSTANTS[name])
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
            value = _value(inner, source)
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _short(_OPERATORS[type(sign)](_value(left, source), _value(right, source)))
        case ast.Call(func=ast.Name(id=name), args=inner, keywords=[]) if name in _FUNCTIONS:
            return _applied(name, [_value(each, source) for each in inner])
    raise InvalidInputError(
        f"{ast.unparse(node)[:80]!r} is no arithmetic; allowed are numbers, + - * / // % **, brackets and"
        f" {', '.join(sorted({*_FUNCTIONS, *_CONSTANTS}))}"
    )


def _applied(name: str, values: list[Fraction]) -> Fraction:
    try:
        return _FUNCTIONS[name](*values)
    except TypeError as error:
        raise InvalidInputError(f"{name} does not take {len(values)} values") from error


def _decimal(value: Fraction) -> Decimal:
    """Give 50 digits; where there are more, the context's flag says that something was rounded."""
    return Decimal(value.numerator) / value.denominator


def _exactly(value: Decimal) -> Fraction:
    if not value.is_finite() or abs(value.adjusted()) > _MAX_POWER:
        raise ValueError(f"it is beyond 10**{_MAX_POWER} or below 10**-{_MAX_POWER}")
    return Fraction(value)


def _roughly(value: Decimal) -> Fraction:
    getcontext().flags[Inexact] = True
    return _exactly(value)


def _short(value: Fraction) -> Fraction:
    is_short = max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MAX_BITS
    return value if is_short else _exactly(_decimal(value))


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    num_bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator == 1 and abs(exponent) * num_bits <= _MAX_BITS:
        return Fraction(base ** int(exponent))
    return _exactly(_decimal(base) ** _decimal(exponent))


def _rounded(value: Fraction, digits: Fraction = Fraction(0)) -> Fraction:
    if digits.denominator != 1 or abs(digits) > _DIGITS:
        raise ValueError(f"round takes a whole number of digits from -{_DIGITS} to {_DIGITS}")
    return Fraction(round(value, int(digits)))


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= 1000:
        raise ValueError("factorial takes a whole number from 0 to 1000")
    return Fraction(math.factorial(int(value)))


def _least(*values: Fraction) -> Fraction:
    return min(values)


def _greatest(*values: Fraction) -> Fraction:
    return max(values)


def _of_decimals(function: Callable[[Decimal], Decimal]) -> Callable[[Fraction], Fraction]:
    return lambda value: _exactly(function(_decimal(value)))


def _of_floats(function: Callable[[float], float]) -> Callable[[Fraction], Fraction]:
    return lambda value: _roughly(Decimal(repr(function(float(value)))))


_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "abs": abs,
    "cos": _of_floats(math.cos),
    "exp": _of_decimals(Decimal.exp),
    "factorial": _factorial,
    "ln": _of_decimals(Decimal.ln),
    "log": _of_decimals(Decimal.ln),
    "log10": _of_decimals(Decimal.log10),
    "max": _greatest,
    "min": _least,
    "round": _rounded,
    "sin": _of_floats(math.sin),
    "sqrt": _of_decimals(Decimal.sqrt),
    "tan": _of_floats(math.tan),
}


def _shown(value: Fraction) -> str:
    found = _decimal(value)
    is_exact = found == value and (value.denominator == 1 or not getcontext().flags[Inexact])
    digits = _DIGITS if is_exact else _SHOWN_DIGITS
    short = Context(prec=digits).create_decimal(found).normalize()
    return f"{short:f}" if -digits < short.adjusted() < digits else f"{short:E}"


def _reason(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError) and not isinstance(error, DecimalException):
        return "division by zero"
    if isinstance(error, DecimalException):
        signals = error.args[0] if error.args else []
        names = [getattr(each, "__name__", str(each)) for each in signals]
        return "division by zero" if "DivisionByZero" in names else ", ".join(names).lower() or "undefined"
    return str(error)
