"""DescribeAcls, CreateAcls, DeleteAcls (KIP-11, 290, 373) where nobody decides: there are no lists. With an authorizer: `security/acl_stories.py`."""

from session import Session, script

OPEN = {"pattern_type_filter": 1, "principal_filter": None, "host_filter": None, "operation": 1, "permission_type": 1}


def entry(name: str) -> dict:
    return {"resource_type": 2, "resource_name": name, "resource_pattern_type": 3, "principal": "User:a", "host": "*", "operation": 3, "permission_type": 3}


@script("DescribeAcls")
def listed(s: Session, version: int):
    s.ask("all", OPEN | {"resource_type_filter": 1, "resource_name_filter": None})
    s.ask("of a topic", OPEN | {"resource_type_filter": 2, "resource_name_filter": "t"})


@script("CreateAcls")
def added(s: Session, version: int):
    s.ask("one", {"creations": [entry("t")]})
    s.ask("two", {"creations": [entry("t"), entry("u")]})
    s.ask("none", {"creations": []})


@script("DeleteAcls")
def removed(s: Session, version: int):
    s.ask("one", {"filters": [OPEN | {"resource_type_filter": 1, "resource_name_filter": None}]})
    s.ask("none", {"filters": []})
