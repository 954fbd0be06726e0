"""What all models share: how they read attributes, and the field types that need a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from operator import methodcaller
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

from monitor.model import PoolSlug

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Schema(BaseModel):
    """A JSON object."""

    model_config = ConfigDict(
        frozen=True,
        from_attributes=True,
        populate_by_name=True,
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
        defer_build=True,  # until it is first used: most daemons are never asked for most answers
    )

    @classmethod
    def of(cls, value: object, names: Mapping[PoolSlug, str] | None = None) -> Self:
        """Read the fields from the attributes, or the items, of `value`.

        Args:
            value: an object of `monitor.model`, or a mapping.
            names: of the pools; a pool without one is called by its slug.
        """
        return cls.model_validate(value, context=names)

    def encode(self) -> bytes:
        """As JSON, UTF-8."""
        return self.model_dump_json().encode()


def field(description: str, *, at: str | None = None, **more: Any) -> Any:  # noqa: ANN401 -- as pydantic's Field
    """A field, with its description for OpenAPI.

    Args:
        description: meaning, unit, and what null means.
        at: the attribute that it is read from, as in `judged.block.height`, if it has another name.
        more: as for pydantic's Field.
    """
    return Field(description=description, validation_alias=AliasPath(*at.split(".")) if at else None, **more)


def fields_of(value: DataclassInstance) -> dict[str, Any]:
    """The fields of a dataclass by name, to which others can be added before a model reads them."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


def iso(seconds: float, timespec: str = "auto") -> str:
    """A time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def iso_milliseconds(seconds: float) -> str:
    """A time as ISO 8601 in UTC, to the millisecond."""
    return iso(seconds, "milliseconds")


def _name(slug: PoolSlug | None, info: ValidationInfo) -> str | None:
    """The name of a pool; an entity of another level, or a pool without a name, is called by its slug."""
    names: Mapping[PoolSlug, str] = info.context or {}
    return slug if slug is None else names.get(slug, slug)


Time = datetime
"""From Unix seconds."""
PreciseTime = Annotated[
    str, BeforeValidator(iso_milliseconds), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""From Unix seconds, to the millisecond."""
Hex = Annotated[
    str, BeforeValidator(methodcaller("hex")), WithJsonSchema({"type": "string", "pattern": "^([0-9a-f]{2})*$"})
]
"""From bytes."""
Name = Annotated[str, BeforeValidator(_name)]
"""From the slug of a pool."""
OptionalName = Annotated[str | None, BeforeValidator(_name)]


class PoolRef(Schema):
    """A pool by slug and name."""

    pool_slug: str | None = field("The pool; null: unknown", at="pool")
    pool_name: OptionalName = field("Name of the pool; null: unknown", at="pool")
