"""Pods without Kubernetes: what the chart's StatefulSet says is run as containers, each with an address and a name of its own.

Taken from the rendered objects, and from nowhere else: command, environment (fields of the pod, keys of Secrets, `$(…)`), mounts, user, root, probes,
grace period. Played here: the kubelet (mounts that change, probes), the StatefulSet's controller (one pod at a time, from the last) and DNS.
"""

import re
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import network
import paths
import town
from container import Container
from images import image
from manifests import NAMESPACE, contents, of_kind
from mounted import Mounted
from targets import end_with_this_process

ZONES = ("zone-a", "zone-b", "zone-c")
OUTSIDE = "kafka.example.org"


class StatefulSet:
    """`given` are objects that the chart does not make: Secrets that it names."""

    def __init__(self, objects: list[dict], given: list[dict]):
        paths.WORK.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="pods-", dir=paths.WORK))
        self.home.chmod(0o755)
        end_with_this_process(self.kill)
        self.pods: dict[int, Pod] = {}
        self.given = given
        self.take(objects)

    def take(self, objects: list[dict]) -> None:
        """What the chart makes now; running pods see changes of what is mounted, and of nothing else."""
        self.objects = objects + self.given
        (self.definition,) = of_kind(objects, "StatefulSet").values()
        self.name = self.definition["metadata"]["name"]
        for pod in self.pods.values():
            pod.refresh()

    def find(self, kind: str, name: str) -> dict:
        return of_kind(self.objects, kind)[name]

    @property
    def replicas(self) -> int:
        return self.definition["spec"]["replicas"]

    def start(self) -> None:
        """Those that are missing, all at once (podManagementPolicy: Parallel), and waits until they are ready."""
        assert self.definition["spec"]["podManagementPolicy"] == "Parallel"
        missing = [ordinal for ordinal in range(self.replicas) if ordinal not in self.pods]
        for ordinal in missing:
            self.pods[ordinal] = Pod(self, ordinal)
            self.pods[ordinal].start()
        for ordinal in missing:
            self.pods[ordinal].wait_ready()

    def roll(self) -> None:
        """Every pod is replaced by one of the present definition, the last first, each after the one before is ready."""
        for ordinal in sorted(self.pods, reverse=True):
            assert self.pods[ordinal].stop() == 0, self.pods[ordinal].container.said()[-2000:]
            self.pods[ordinal] = Pod(self, ordinal)
            self.pods[ordinal].start()
            self.pods[ordinal].wait_ready()

    def shrink(self) -> None:
        """Pods beyond the number that there are to be go, the last first; their volumes as the policy says."""
        policy = self.definition["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"]
        for ordinal in sorted(self.pods, reverse=True):
            if ordinal >= self.replicas:
                gone = self.pods.pop(ordinal)
                assert gone.stop() == 0
                if policy == "Delete":
                    shutil.rmtree(self.home / f"data-{gone.name}")

    def kill(self) -> None:
        for pod in self.pods.values():
            pod.container.kill()

    def discard(self) -> None:
        for pod in self.pods.values():
            pod.container.discard()
        self.pods.clear()
        shutil.rmtree(self.home, ignore_errors=True)


class Pod:
    def __init__(self, owner: StatefulSet, ordinal: int):
        self.owner, self.ordinal = owner, ordinal
        self.name = f"{owner.name}-{ordinal}"
        template = owner.definition["spec"]["template"]
        self.spec = template["spec"]
        self.labels = template["metadata"]["labels"] | {"topology.kubernetes.io/zone": ZONES[ordinal % len(ZONES)]}
        (self.definition,) = self.spec["containers"]
        self.house = town.HOUSES[ordinal]
        self.address = network.address(self.house)
        context = self.spec["securityContext"]
        self.volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        self.mounted: dict[str, tuple[Mounted, dict]] = {}
        self.container = Container(
            image(),
            self.name,
            command=self.definition["command"] + self.definition["args"],
            environment=self.environment(),
            user=f"{context['runAsUser']}:{context['runAsGroup']}",
            read_only=self.definition["securityContext"]["readOnlyRootFilesystem"],
            place=town.net().entering(self.house),
        )
        self.container.mounts = [self.mount(one) for one in self.definition["volumeMounts"]] + [(str(town.resolv_conf()), "/etc/resolv.conf", True)]

    def environment(self) -> dict[str, str]:
        environment: dict[str, str] = {}
        for one in self.definition["env"]:
            value = one["value"] if "value" in one else self.source(one["valueFrom"])
            environment[one["name"]] = re.sub(r"\$\((\w+)\)", lambda match: environment.get(match[1], match[0]), value)
        return environment

    def source(self, source: dict) -> str:
        if "secretKeyRef" in source:
            wanted = source["secretKeyRef"]
            return contents(self.owner.find("Secret", wanted["name"]))[wanted["key"]].decode()
        field = source["fieldRef"]["fieldPath"]
        if match := re.fullmatch(r"metadata\.labels\['(.*)'\]", field):
            return self.labels.get(match[1], "")
        return {"metadata.name": self.name, "status.hostIP": self.address}[field]

    def mount(self, one: dict) -> tuple[str, str, bool]:
        name = one["name"]
        claims = {claim["metadata"]["name"] for claim in self.owner.definition["spec"].get("volumeClaimTemplates", [])}
        if name in claims:
            # As a storage class makes it: the group of fsGroup may write.
            folder = self.owner.home / f"{name}-{self.name}"
            folder.mkdir(exist_ok=True)
            shutil.chown(folder, 0, self.spec["securityContext"]["fsGroup"])
            folder.chmod(0o2775)
        else:
            folder = self.container.home / name
            source = self.volumes[name]
            kind, key = ("ConfigMap", source["configMap"]["name"]) if "configMap" in source else ("Secret", source["secret"]["secretName"])
            self.mounted[name] = (Mounted(folder, contents(self.owner.find(kind, key))), {"kind": kind, "name": key})
        return str(folder), one["mountPath"], one.get("readOnly", False)

    def refresh(self) -> None:
        """What the kubelet does when an object has changed."""
        for mounted, wanted in self.mounted.values():
            mounted.write(contents(self.owner.find(wanted["kind"], wanted["name"])))

    def start(self) -> None:
        service = self.owner.find("Service", self.owner.definition["spec"]["serviceName"])
        assert service["spec"]["clusterIP"] == "None" and service["spec"]["publishNotReadyAddresses"]
        town.names().set(f"{self.name}.{service['metadata']['name']}.{NAMESPACE}.svc.cluster.local", self.address)
        town.names().set(f"{self.name}.{OUTSIDE}", self.address)
        self.container.start()

    def probe(self, name: str) -> bool:
        probe = self.definition[name]
        ports = {port["name"]: port["containerPort"] for port in self.definition["ports"]}
        asked = probe["httpGet"]
        try:
            with urllib.request.urlopen(f"http://{self.address}:{ports[asked['port']]}{asked['path']}", timeout=probe["timeoutSeconds"]) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self) -> None:
        self.container.until(lambda: self.probe("startupProbe"), "started", 90)
        self.container.until(lambda: self.probe("readinessProbe"), "ready", 90)
        assert self.probe("livenessProbe")
        time.sleep(self.owner.definition["spec"]["minReadySeconds"])

    def stop(self) -> int:
        return self.container.stop(self.spec["terminationGracePeriodSeconds"])
