"""What of a setting may leave the server: everything but what is, or may be, a secret.

Secret is what has the type of one, what is called like one, and in a text what stands where an address has
its user, password and query. In doubt a text is hidden.
"""

import re
from collections.abc import Mapping

from pydantic import BaseModel, SecretStr

__all__ = ["HIDDEN", "without_secrets"]

HIDDEN = "•••"
_SECRET_NAME = re.compile(r"(?i)(key|secret|password|passwd|token|credential|authorization|cookie|salt)s?$")
_SECRET_VALUES = ("environment", "env", "headers")  # any of theirs may be one
_IN_TEXT = (
    (re.compile(r"(://).*@", re.DOTALL), rf"\1{HIDDEN}@"),
    (re.compile(r"(://[^\s?]*\?)\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\w*(?:password|passwd|pwd|token|secret|key)\s*=\s*)[^\s&;,]+"), rf"\1{HIDDEN}"),
)


def without_secrets(name: str, value: object) -> object:
    """Give the value of a setting of this name as JSON, of models without what is as by default.

    >>> without_secrets("database_url", "postgresql://grove:sesame@db/grove")
    'postgresql://•••@db/grove'
    >>> without_secrets("options", {"model": "m", "api_key": "sesame", "command": ["npx", "--pin", "1234"]})
    {'model': 'm', 'api_key': '•••', 'command': ['npx', '•••', '•••']}
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, SecretStr) or _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, BaseModel):
        return _of_model(value)
    if isinstance(value, Mapping):
        is_hidden = name.lower() in _SECRET_VALUES
        return {
            str(key): HIDDEN if is_hidden else without_secrets(str(key), each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        shown = [without_secrets(name, each) for each in value]
        # Arguments of a program may be anything.
        return shown if name != "command" else [*shown[:1], *[HIDDEN] * len(shown[1:])]
    text = str(value)
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _of_model(model: BaseModel) -> dict[str, object]:
    given = {name: (getattr(model, name), info) for name, info in type(model).model_fields.items()}
    return {
        name: without_secrets(name, value)
        for name, (value, info) in given.items()
        if info.is_required() or value != info.get_default(call_default_factory=True)
    }
