"""A formula of Word or PowerPoint -> one line of text.

Knows Office MathML. What has no place in a line (matrices) is written in the order of its parts.
"""

from typing import Any, Final

from indexing.loaders._text import raised

__all__ = ["FORMULAS", "formula"]

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
FORMULAS: Final = (f"{_M}oMath", f"{_M}oMathPara")
_INTEGRAL = "∫"  # of `nary` when it names no sign
_Element = Any  # Any: an element of lxml, which has no types


def formula(element: _Element) -> str:
    """Give the text of a formula: `E=mc²`, `(a+b)/2`, `√(x)`."""
    text = "".join(map(formula, element))
    match element.tag.removeprefix(_M):
        case "t":
            text = element.text or ""
        case "sup":
            text = raised(text)
        case "num":
            text = _grouped(text)
        case "den":
            text = f"/{_grouped(text)}"
        case "d":
            text = f"{_sign(element, 'dPr/begChr', '(')}{text}{_sign(element, 'dPr/endChr', ')')}"
        case "nary":
            text = _sign(element, "naryPr/chr", _INTEGRAL) + text
        case "rad":
            text = f"√({text})"
    return text


def _grouped(text: str) -> str:
    return text if text.isalnum() else f"({text})"


def _sign(element: _Element, path: str, default: str) -> str:
    found = element.find("/".join(f"{_M}{name}" for name in path.split("/")))
    return default if found is None else found.get(f"{_M}val", "")
