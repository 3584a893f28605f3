"""Where code stands in a Markdown text: between two fences.

Knows that a passage may begin or end within code, and that a line of tildes may underline a heading. Does
not know code by how it looks.
"""

import re

__all__ = ["FENCES", "code_spans", "is_fenced", "unfenced"]

_FENCE = re.compile(r"^[ \t]*(?P<mark>`{3,}(?=[^`\n]*$)|~{3,})[ \t]*(?P<name>[^\s`]*)[^\n]*$", re.MULTILINE)
FENCES = ("```", "~~~")
_UNLIKE = 2  # characters that a heading and the line below it differ by, at most


def code_spans(text: str, *, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    r"""Give where code stands in text[start:end], its fences included; ascending and disjoint.

    A fence that names a language opens code, which then reaches to the end if nothing closes it. Where the
    first fence names none and nothing follows it, the text begins within code.

    >>> text = "Run it:\n```sh\nmake demo\n```\nThat is all."
    >>> [text[start:end] for start, end in code_spans(text)]
    ['```sh\nmake demo\n```']
    >>> text = "make demo\n```"
    >>> [text[start:end] for start, end in code_spans(text)]
    ['make demo\n```']
    """
    stop = len(text) if end is None else end
    if not any(text.find(mark, start, stop) >= 0 for mark in FENCES):
        return []
    spans: list[tuple[int, int]] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text, start, stop):
        if opening is None:
            opening = None if _underlines(fence, text, start) else fence
        elif fence["name"] or not fence["mark"].startswith(opening["mark"]):
            continue  # a line of the code
        else:
            spans.append((opening.start("mark"), fence.end("mark")))
            opening = None
    if opening is not None and opening["name"]:
        spans.append((opening.start("mark"), stop))
    elif opening is not None and not spans and not text[opening.end() : stop].strip():
        if not any(
            mark in text[start : opening.start()] for mark in FENCES
        ):  # as "so ```json" within a line
            spans.append((start, opening.end("mark")))
    return [_trimmed(text, *span) for span in spans]


def is_fenced(text: str) -> bool:
    r"""Say whether a text is code with a fence.

    >>> is_fenced("```sh\nmake demo\n```"), is_fenced("Run `make demo`.")
    (True, False)
    """
    return code_spans(text) == [(0, len(text))]


def unfenced(code: str) -> str:
    r"""Give code without its fences.

    >>> unfenced("```sh\nmake demo\n```")
    'make demo'
    """
    return _FENCE.sub("", code).strip("\n")


def _underlines(fence: re.Match[str], text: str, start: int) -> bool:
    """Say whether a line is of tildes alone, as long as the line above: below a heading, as RST has them.

    Three are a fence unless a blank line follows: "Run:" may be above them.
    """
    mark, end = fence["mark"], fence.start() - 1  # of the line above
    above = text[max(text.rfind("\n", start, end) + 1, start) : end].strip() if end > start else ""
    if not above or not mark.startswith("~") or fence[0].rstrip() != mark:
        return False
    is_long = len(mark) > len(FENCES[1]) or text.startswith("\n\n", fence.end())
    return is_long and abs(len(above) - len(mark)) <= _UNLIKE


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    first = start + len(piece) - len(piece.lstrip())
    return first, first + len(piece.strip())
