"""Holds documents against the published schemas, strictly: a field that a schema does not state is a mistake here."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from costcalc import output_schema


@cache
def strict_validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(closed(output_schema(kind)))


def closed(schema: Any) -> Any:
    """A schema whose objects have no other fields than those it states."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in schema else inner


def mismatches(document: dict[str, Any]) -> list[str]:
    """Where a document departs from the schema of its kind, and how."""
    found = strict_validator(str(document["kind"])).iter_errors(document)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in found]
