"""The scenario file as a JSON Schema, by which editors complete and check it."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from returnsim.scenario.quantities import Model, Quantity
from returnsim.scenario.schema import Scenario
from returnsim.scenario.written import plain_value

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _AsWritten(GenerateJsonSchema):
    """Says defaults the way a scenario file does, and repeats no key as its title."""

    def encode_default(self, dft: Any) -> Any:
        """A default as it would be written."""
        return plain_value(dft)

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        """Leave out the default of a section: each field in it says its own."""
        default = schema.get("default")
        if isinstance(default, Model) and not isinstance(default, Quantity):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Keys name themselves."""
        return False


def schema_of(model: type[Model]) -> dict[str, Any]:
    """Describe a kind of file.

    Parameters
    ----------
    model : type
        What the file is validated as.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    written = model.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    return {"$schema": DIALECT, **written}


def scenario_schema() -> dict[str, Any]:
    """Describe a scenario file, be it complete or one that extends another.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    schema = schema_of(Scenario)
    needed = schema.pop("required")
    # A file that extends another may leave out whatever that one says.
    schema["anyOf"] = [{"required": needed}, {"required": ["extends"]}]
    schema["$defs"]["TrackRecord"].pop("required")
    return schema
