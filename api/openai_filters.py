"""OpenAI's filters -> Grove's filter language, as decoded JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

__all__ = ["ComparisonFilter", "CompoundFilter", "Filters", "grove_filter"]

_Scalar = StrictStr | StrictBool | StrictInt | StrictFloat


class ComparisonFilter(BaseModel):
    """One field of the metadata against one value, or a list of them."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: StrictStr
    value: _Scalar | list[_Scalar]


class CompoundFilter(BaseModel):
    """Several filters, all or any of which hold."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["and", "or"]
    filters: list["ComparisonFilter | CompoundFilter"]


Filters = Annotated[
    ComparisonFilter | CompoundFilter | None, Field(description="By the documents' metadata.")
]


def grove_filter(given: ComparisonFilter | CompoundFilter | None) -> Mapping[str, Any] | None:
    """Give the same condition in Grove's filter language.

    >>> grove_filter(ComparisonFilter(type="nin", key="status", value=["Draft"]))
    {'not': {'status': {'in': ['Draft']}}}
    """
    match given:
        case None:
            return None
        case CompoundFilter(type=kind, filters=filters):
            return {kind: [grove_filter(each) for each in filters]}
        case ComparisonFilter(type="nin"):
            return {"not": {given.key: {"in": given.value}}}
        case ComparisonFilter():
            return {given.key: {given.type: given.value}}
