"""The chart as text: lint, golden output for every file in ci/, objects that Kubernetes takes, values that the schema refuses, the README."""

import json
import os

import yaml

import manifests
import schemas
import values_table
from manifests import CHART, GOLDEN, ci_values, of_kind, render
from story import cases, story

MATRIX = {file.stem.removesuffix("-values"): (file,) for file in ci_values()}
WRONG = {
    "a name that nobody knows": (["replicas=3"], "replicas"),
    "no pods": (["replicaCount=0"], "replicaCount"),
    "a port that is none": (["listeners.internal.port=70000"], "port"),
    "a type that is none": (["externalAccess.type=Ingress"], "type"),
    "TLS without a certificate": (["tls.enabled=true"], "tls"),
    "a size that is none": (["persistence.size=big"], "size"),
    "a mechanism that is not served": (["auth.sasl.mechanisms={GSSAPI}"], "mechanisms"),
    "a user without a password": (["auth.sasl.users[0].name=x"], "password"),
    "a topic's misspelt word": (["topics[0].name=a", "topics[0].replicas=3"], "replicas"),
    "an ACL without operations": (["authorization.acls[0].principal=User:a", "authorization.acls[0].resourceType=topic"], "operations"),
    "fewer node ports than pods": (["externalAccess.enabled=true", "externalAccess.nodePorts={31000}"], "nodePorts has 1 entries for 3 pods"),
    "a load balancer without a name": (["externalAccess.enabled=true", "externalAccess.type=LoadBalancer"], "set domain or addresses"),
    "SNI without TLS": (["externalAccess.enabled=true", "externalAccess.type=TLSRoute", "externalAccess.domain=x.y"], "needs TLS"),
    "ACLs where nobody is known": (["authorization.enabled=true"], "nobody is known"),
}


@story
def helm_lint_finds_nothing_in_the_chart_with_any_of_its_values():
    files = [word for file in ci_values() for word in (file,)]
    for file in files:
        done = manifests.helm("lint", "--strict", str(CHART), "--values", str(file))
        assert done.returncode == 0, f"{file.name}: {done.stdout}{done.stderr}"


@cases(**MATRIX)
def these_values_give_what_they_gave_and_kubernetes_takes_it(file):
    """OTTLA_WRITE_GOLDEN=1 writes what is expected anew; look at the difference before it is committed."""
    text = manifests.template("--values", str(file))
    golden = GOLDEN / f"{file.stem}.yaml"
    if os.environ.get("OTTLA_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(text)
    objects = [one for one in yaml.safe_load_all(text) if one]
    for one in objects:
        try:
            schemas.check(one)
        except Exception as problem:
            raise AssertionError(f"{one['kind']} {one['metadata']['name']}: {str(problem)[:600]}") from problem
    assert text == golden.read_text(), f"not as in {golden}: see the difference with OTTLA_WRITE_GOLDEN=1 and git diff"


@cases(**{name.replace(" ", "_"): case for name, case in WRONG.items()})
def values_like_these_are_refused(settings, part):
    done = manifests.helm("template", "x", str(CHART), *(word for setting in settings for word in ("--set", setting)))
    assert done.returncode != 0 and part in done.stderr, done.stderr or done.stdout[:500]


@story
def the_schemas_refuse_what_kubernetes_would():
    def refused(one: dict) -> bool:
        try:
            schemas.check(one)
        except Exception:
            return True
        return False

    objects = render("--values", str(CHART / "ci" / "secure-values.yaml"))
    for kind, field in (("StatefulSet", "serviceNames"), ("NetworkPolicy", "ingres"), ("TLSRoute", "hostname"), ("Certificate", "secret")):
        one = next(iter(of_kind(objects, kind).values()))
        assert not refused(one), one
        one["spec"][field] = "x"
        assert refused(one), f"{kind} with {field}"


@story
def pods_are_restricted_and_need_nothing_but_the_broker():
    """The Pod Security Standard `restricted`, and no second container of any kind."""
    for file in ci_values():
        objects = render("--values", str(file))
        assert not {one["kind"] for one in objects} & {"Job", "CronJob", "DaemonSet", "Role", "ClusterRole", "RoleBinding"}
        (set_,) = of_kind(objects, "StatefulSet").values()
        pods = [set_["spec"]["template"]["spec"], *(pod["spec"] for pod in of_kind(objects, "Pod").values())]
        assert len(pods[0]["containers"]) == 1
        for pod in pods:
            assert "initContainers" not in pod and not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
            assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
            assert not pod["automountServiceAccountToken"]
            for container in pod["containers"]:
                context = container["securityContext"]
                assert context["capabilities"] == {"drop": ["ALL"]} and context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
                assert container["command"] == ["/usr/bin/ottla"]
            assert not [volume for volume in pod.get("volumes", []) if "hostPath" in volume]


@story
def a_random_password_is_never_the_same_twice_and_one_that_is_given_stays():
    def password(*words: str) -> str:
        objects = render("--set", "auth.sasl.enabled=true", *words)
        return of_kind(objects, "Secret")["kafka-ottla-users"]["stringData"]["ottla-broker"]

    assert len(password()) == 32 and password() != password()
    assert password("--set", "auth.sasl.interBrokerPassword=given") == "given"


@story
def the_readme_of_values_is_current_and_every_value_is_in_it_and_in_the_schema():
    assert (CHART / "README.md").read_text() == values_table.readme(), "run python3 compat-tests/deploy/values_table.py"
    said = {name for name, _, _ in values_table.rows((CHART / "values.yaml").read_text())}
    schema = json.loads((CHART / "values.schema.json").read_text())
    known = values_table.leaves(schema) - {"global"}
    covers = lambda names, one: any(one == name or one.startswith(name + ".") or name.startswith(one + ".") for name in names)  # noqa: E731
    assert not [one for one in known if not covers(said, one)], "not said in values.yaml"
    assert not [one for one in said if not covers(known, one)], "not known to values.schema.json"
