"""The chart's pods, run: they form a cluster, roll under load, take new users and certificates, become more and fewer. Told in order, of one cluster."""

import base64
import json
import shutil
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import ClassVar

import asking
import paths
import town
from confluent_kafka.admin import AdminClient
from load import Load
from manifests import render
from pods import OUTSIDE, StatefulSet
from story import story, wait_for

sys.path.insert(0, str(paths.COMPAT / "security"))

from authority import Authority  # noqa: E402

VALUES = Path(__file__).parent / "pods-values.yaml"
DOMAIN = "kafka-ottla-headless.kafka.svc.cluster.local"
PORT, OUTSIDE_PORT = 9092, 9094


class World:
    """The one cluster of these stories."""

    home: Path
    settings: ClassVar[list[str]] = []
    pods: StatefulSet
    authority: Authority
    secret: dict


def certificate() -> dict:
    """The Secret that an administrator, or cert-manager, makes."""
    issued = World.authority.issue("kafka-ottla", f"*.{DOMAIN}", f"*.{OUTSIDE}", "localhost")
    files = {"tls.crt": issued.certificate.read_bytes(), "tls.key": issued.key.read_bytes(), "ca.crt": World.authority.file.read_bytes()}
    return {name: base64.b64encode(content).decode() for name, content in files.items()}


def objects(*settings: str, lasting: str | None = None) -> list[dict]:
    """The chart with everything that was set to last, and with `settings` this once."""
    World.settings += [lasting] if lasting else []
    settings = (*World.settings, *settings)
    return render("--values", str(VALUES), *(word for setting in settings for word in ("--set", setting)))


def inside() -> dict[str, str]:
    return {"bootstrap.servers": ",".join(f"{pod.name}.{DOMAIN}:{PORT}" for pod in World.pods.pods.values()), "log_level": 0}


def outside(user: str, password: str) -> dict[str, str]:
    servers = ",".join(f"{pod.name}.{OUTSIDE}:{OUTSIDE_PORT}" for pod in World.pods.pods.values())
    login = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": user, "sasl.password": password}
    return login | {"bootstrap.servers": servers, "ssl.ca.location": str(World.authority.file), "log_level": 0}


def password() -> str:
    return "alices-second" if any("alices-second" in one for one in World.settings) else "alices-first"


def may_log_in(user: str, password: str) -> bool:
    try:
        return bool(AdminClient(outside(user, password) | {"socket.timeout.ms": 5000}).list_topics(timeout=5).brokers)
    except Exception:
        return False


def quorum() -> asking.Quorum:
    return wait_for(lambda: asking.quorum((World.pods.pods[0].address, PORT)), "the quorum is described", 30)


@story
def three_pods_form_a_cluster_with_racks_and_the_topics_that_are_to_be_there():
    folder = World.home = Path(paths.WORK / f"pods-keys-{time.monotonic_ns()}")
    folder.mkdir(parents=True)
    World.authority = Authority(folder, "authority")
    World.secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kafka-tls"}, "data": certificate()}
    World.pods = StatefulSet(objects(), [World.secret])
    World.pods.start()
    assert set(quorum().voters) == {0, 1, 2}
    topics = wait_for(lambda: (found := AdminClient(inside()).list_topics(timeout=30).topics).get("orders") and found, "the topic is there", 60)
    assert len(topics["orders"].partitions) == 6 and all(len(one.replicas) == 3 for one in topics["orders"].partitions.values())
    shown = json.loads(town.within(World.pods.pods[0].container.first(), "/usr/bin/ottla", "cluster", "status", "--json", "--bootstrap-server", f"localhost:{PORT}").stdout)
    assert sorted(broker["rack"] for broker in shown["brokers"]) == ["zone-a", "zone-b", "zone-c"], shown


@story
def pods_roll_through_a_change_under_load_without_an_error_that_clients_see():
    World.pods.take(objects(lasting="config.num\\.partitions=7"))
    with Load("orders", outside("alice", password()), 6) as load:
        wait_for(lambda: load.written > 200, "the load runs", 30)
        World.pods.roll()
    load.check()
    assert "num.partitions=7" in (World.pods.pods[0].container.home / "config/server.properties").read_text()


@story
def a_users_new_password_counts_without_a_restart_and_the_old_one_no_longer():
    assert may_log_in("alice", "alices-first") and not may_log_in("alice", "alices-second")
    World.pods.take(objects(lasting="auth.sasl.users[0].name=alice,auth.sasl.users[0].password=alices-second"))
    wait_for(lambda: may_log_in("alice", "alices-second"), "the new password counts", 60)
    wait_for(lambda: not may_log_in("alice", "alices-first"), "the old one no longer", 60)


@story
def a_new_certificate_is_shown_without_a_restart_and_nobody_is_disturbed():
    def shown() -> set[bytes]:
        context = ssl.create_default_context(cafile=str(World.authority.file))
        found = set()
        for pod in World.pods.pods.values():
            name = f"{pod.name}.{OUTSIDE}"
            with socket.create_connection((pod.address, OUTSIDE_PORT), 10) as plain, context.wrap_socket(plain, server_hostname=name) as encrypted:
                found.add(encrypted.getpeercert(binary_form=True))
        return found

    before = shown()
    with Load("orders-of-tls", outside("alice", password()), 1) as load:
        wait_for(lambda: load.written > 50, "the load runs", 30)
        World.secret["data"] = certificate()
        for pod in World.pods.pods.values():
            pod.refresh()
        wait_for(lambda: not shown() & before and len(shown()) == 1, "every pod shows the new one", 60)
    load.check()


@story
def three_become_five_and_three_again_and_who_votes_stays():
    definition = World.pods.definition["spec"]["template"]
    with Load("orders-of-scaling", outside("alice", password()), 6) as load:
        wait_for(lambda: load.written > 100, "the load runs", 30)
        World.pods.take(objects("replicaCount=5"))
        assert World.pods.definition["spec"]["template"] == definition, "pods that are there would be replaced"
        World.pods.start()
        assert set(quorum().voters) == {0, 1, 2}
        assert set(AdminClient(inside()).list_topics(timeout=30).brokers) == {0, 1, 2, 3, 4}
        for leaving in ("4", "3"):
            done = town.within(World.pods.pods[0].container.first(), "/usr/bin/ottla", "cluster", "drain", leaving, "--bootstrap-server", f"localhost:{PORT}")
            assert done.returncode == 0, done.stdout + done.stderr
        World.pods.take(objects("replicaCount=3"))
        World.pods.shrink()
        wait_for(lambda: set(AdminClient(inside()).list_topics(timeout=30).brokers) == {0, 1, 2}, "who left is no longer listed", 60)
    load.check()
    assert set(quorum().voters) == {0, 1, 2}


@story
def pods_that_joined_as_brokers_vote_once_they_are_told_to():
    World.pods.take(objects("replicaCount=5"))
    World.pods.start()
    World.pods.take(objects("replicaCount=5", "quorum.voters=5"))
    World.pods.roll()
    wait_for(lambda: set(quorum().voters) == {0, 1, 2, 3, 4}, "all five vote", 60)
    World.pods.discard()
    shutil.rmtree(World.home)
