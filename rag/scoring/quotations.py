"""Marks of quotation at the beginning of lines, as mails and Markdown have them; pure functions."""

import re

__all__ = ["blank_marks"]

# Not the prompt of a Python session.
_MARKS = re.compile(r"^[ \t]*(?!>>>[ \t])>(?:[ \t]?>)*(?=[ \t\n]|\w|\Z)", re.MULTILINE)


def blank_marks(text: str) -> str:
    r"""Give the text with spaces in place of the marks, so that offsets stay.

    >>> blank_marks("He wrote:\n> We agree,\n> > on Friday.\n>>> 1 > 0")
    'He wrote:\n  We agree,\n    on Friday.\n>>> 1 > 0'
    """
    return _MARKS.sub(lambda marks: " " * len(marks[0]), text) if ">" in text else text
