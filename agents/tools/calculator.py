"""Arithmetic: an expression is read as a tree of numbers and operators, never executed.

Decimal to 50 digits, so that 0.1 + 0.2 is 0.3 and no power takes long; angles are radians.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, localcontext

from agents.tools._tool import Effects, ToolResult, ToolScope
from rag.core.errors import InvalidInputError
from rag.scoring.tools import Tool

__all__ = ["Calculator"]

_MAX_CHARS = 500
_DIGITS = 50
_SHOWN_DIGITS = 15  # of what is no whole number
_CONSTANTS = {"pi": Decimal("3.14159265358979323846264338327950288419716939937510"), "e": Decimal(1).exp()}
_WORDS = (
    (r"(?<=\d),(?=\d{3}\b)", ""),
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
_DATE_LIKE = re.compile(r"\d{4}-\d{1,2}(-\d{1,2})?|[\d-]{6,}|\d{1,2}/\d{1,2}/\d{2,4}")


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
        expression = _ASKING.sub("", question[:_MAX_CHARS]).strip()
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
        shown = evaluate(expression)
        return ToolResult.of(self.spec.name, f"{expression.strip()} = {shown}", data={"value": shown})


def evaluate(expression: str) -> str:
    """Give the value of an expression.

    >>> evaluate("0.1 + 0.2"), evaluate("15% of 240"), evaluate("2^100")
    ('0.3', '36', '1267650600228229401496703205376')

    Raises:
        InvalidInputError: not an expression, or one without a value.
    """
    tree = _parsed(_plain(expression))
    with localcontext(Context(prec=_DIGITS)):
        try:
            return _shown(_value(tree))
        except (DecimalException, OverflowError, ValueError, ZeroDivisionError) as error:
            raise InvalidInputError(f"{expression!r} has no value: {_reason(error)}") from error


def _plain(expression: str) -> str:
    for pattern, replacement in _WORDS:
        expression = re.sub(pattern, replacement, expression, flags=re.IGNORECASE)
    return expression.strip()


def _parsed(expression: str) -> ast.expr:
    if not 0 < len(expression) <= _MAX_CHARS:
        raise InvalidInputError(f"an expression has 1 to {_MAX_CHARS} characters, got {len(expression)}")
    try:
        return ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise InvalidInputError(
            f"{expression!r} is no arithmetic expression; write it as in (3 + 4) * 2"
        ) from error


def _value(node: ast.expr) -> Decimal:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Decimal(repr(number))
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
            return -_value(inner) if isinstance(sign, ast.USub) else _value(inner)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=inner, keywords=[]) if name in _FUNCTIONS:
            return _applied(name, [_value(each) for each in inner])
    raise InvalidInputError(
        f"{ast.unparse(node)[:80]!r} is no arithmetic; allowed are numbers, + - * / // % **, brackets and"
        f" {', '.join(sorted({*_FUNCTIONS, *_CONSTANTS}))}"
    )


def _applied(name: str, values: list[Decimal]) -> Decimal:
    try:
        return _FUNCTIONS[name](*values)
    except TypeError as error:
        raise InvalidInputError(f"{name} does not take {len(values)} values") from error


def _rounded(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-int(digits)))


def _factorial(value: Decimal) -> Decimal:
    if value != value.to_integral_value() or not 0 <= value <= 1000:
        raise ValueError("factorial takes a whole number from 0 to 1000")
    return Decimal(math.factorial(int(value)))


def _floored(left: Decimal, right: Decimal) -> Decimal:
    return (left / right).to_integral_value(rounding="ROUND_FLOOR")


def _least(*values: Decimal) -> Decimal:
    return min(values)


def _greatest(*values: Decimal) -> Decimal:
    return max(values)


def _of_floats(function: Callable[[float], float]) -> Callable[[Decimal], Decimal]:
    return lambda value: Decimal(repr(function(float(value))))


_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: _floored,
    ast.Mod: lambda left, right: left - right * _floored(left, right),
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "abs": abs,
    "cos": _of_floats(math.cos),
    "exp": Decimal.exp,
    "factorial": _factorial,
    "ln": Decimal.ln,
    "log": Decimal.ln,
    "log10": Decimal.log10,
    "max": _greatest,
    "min": _least,
    "round": _rounded,
    "sin": _of_floats(math.sin),
    "sqrt": Decimal.sqrt,
    "tan": _of_floats(math.tan),
}


def _shown(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("it is not finite")
    if value == value.to_integral_value() and value.adjusted() < _DIGITS:
        return f"{value.to_integral_value():f}"
    short = Context(prec=_SHOWN_DIGITS).create_decimal(value).normalize()
    return f"{short:f}" if -_SHOWN_DIGITS < short.adjusted() < _SHOWN_DIGITS else f"{short:E}"


def _reason(error: Exception) -> str:
    if isinstance(error, DecimalException):
        signals = error.args[0] if error.args else []
        names = [getattr(each, "__name__", str(each)) for each in signals]
        return "division by zero" if "DivisionByZero" in names else ", ".join(names).lower() or "undefined"
    return str(error)
