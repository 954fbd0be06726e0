"""What all models share: how they read attributes, and the field types that need a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

from monitor.model import PoolSlug


class Schema(BaseModel):
    """A JSON object. The text below a field is its description in OpenAPI."""

    model_config = ConfigDict(
        frozen=True,
        from_attributes=True,
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
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


def at(*path: str) -> Any:  # noqa: ANN401 -- as pydantic's Field
    """Field that is read from an attribute of another name, or from an attribute of an attribute."""
    return Field(validation_alias=AliasPath(*path))


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


def _hex(value: bytes) -> str:
    return value.hex()


_DATE_TIME = WithJsonSchema({"type": "string", "format": "date-time"})
Time = Annotated[str, BeforeValidator(iso), _DATE_TIME]
"""From Unix seconds."""
PreciseTime = Annotated[str, BeforeValidator(iso_milliseconds), _DATE_TIME]
Hex = Annotated[str, BeforeValidator(_hex), WithJsonSchema({"type": "string", "pattern": "^([0-9a-f]{2})*$"})]
"""From bytes."""
Name = Annotated[str, BeforeValidator(_name)]
"""From the slug of a pool."""
OptionalName = Annotated[str | None, BeforeValidator(_name)]


class PoolRef(Schema):
    """A pool by slug and name."""

    pool_slug: str | None = at("pool")
    """The pool; null: unknown."""
    pool_name: OptionalName = at("pool")
    """Name of the pool; null: unknown."""
