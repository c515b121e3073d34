"""Whether an object is one that Kubernetes would take: its own kinds by the schemas of a package, others by their projects' definitions."""

import functools

import jsonschema
import kubernetes_validate
import yaml

import paths

# The oldest that the chart says, and the newest that the package has.
VERSIONS = ("1.27", "1.37")


class Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: `=` is a text."""


Loader.add_constructor("tag:yaml.org,2002:value", Loader.construct_yaml_str)


def check(one: dict) -> None:
    """Raises for what does not fit, also for a field that nobody knows."""
    if schema := definition(one["apiVersion"], one["kind"]):
        jsonschema.Draft7Validator(schema).validate(one)
        return
    for version in VERSIONS:
        kubernetes_validate.validate(one, version, strict=True)


@functools.cache
def definition(api_version: str, kind: str) -> dict | None:
    """The schema of a kind that is not Kubernetes' own."""
    group, _, version = api_version.partition("/")
    for file in paths.CRDS.glob(f"{group}_{kind.lower()}*.yaml"):
        for one in yaml.load_all(file.read_text(), Loader):
            if one and one["spec"]["names"]["kind"] == kind:
                (found,) = (each for each in one["spec"]["versions"] if each["name"] == version)
                schema = closed(found["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                return schema
    return None


def closed(schema: dict) -> dict:
    """As the API server has it: a field that the schema does not name is none."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        shut["additionalProperties"] = False
    return shut
