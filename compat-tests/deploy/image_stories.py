"""The image: what deploy/Dockerfile makes is built in a directory and its broker started there, with the image's user, environment and limits."""

import os
import re
import signal
import subprocess

import yaml

import network
import paths
import town
from client import comes_back
from container import Container
from images import image, volume
from story import cases, story
from targets import free_port

IMAGE_MAX_BYTES = 40_000_000
# As in org.testcontainers.kafka.KafkaHelper.
TESTCONTAINERS = {
    "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_NODE_ID": "1",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_LOG_FLUSH_INTERVAL_MESSAGES": str(2**63 - 1),
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
}


def discard(*containers: Container) -> None:
    for container in containers:
        container.discard()


@story
def the_image_is_a_static_binary_and_little_else_in_less_than_40_megabytes():
    built = image()
    assert built.size() < IMAGE_MAX_BYTES, f"{built.size():,} bytes"
    print(f"       the image has {built.size() / 1e6:.1f} MB")
    headers = subprocess.run(["readelf", "--program-headers", "--dynamic", str(built.root / "usr/bin/ottla")], check=True, capture_output=True, text=True).stdout
    assert "INTERP" not in headers and "NEEDED" not in headers, headers
    assert not [file for file in built.root.rglob("*") if file.name in ("sh", "bash", "busybox")]
    assert built.user == "1000:1000" and built.volumes == ["/var/lib/kafka/data"], built


@story
def the_image_serves_with_a_read_only_root_and_stops_in_good_order():
    port, admin = free_port(), free_port()
    environment = {"KAFKA_LISTENERS": f"PLAINTEXT://localhost:{port}", "KAFKA_ADMIN_LISTENERS": f"http://localhost:{admin}"}
    one = Container(image(), "image", environment=environment)
    volume(one)
    one.start().ready()
    with open(f"/proc/{one.first()}/status") as file:
        facts = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert facts["Uid"].split() == ["1000"] * 4 and int(facts["CapEff"], 16) == 0 and facts["NoNewPrivs"] == "1", facts
    comes_back(f"localhost:{port}", 100)
    assert one.stop() == 0, one.said()
    assert "stopped" in one.said() and not (one.home / "root/ottla-data").exists(), one.said()
    one.start().ready()
    comes_back(f"localhost:{port}", 100, written_before=100)
    discard(one)


@story
def a_name_is_resolved_by_the_files_and_servers_that_the_container_has():
    port = free_port()
    hosts = "127.0.0.1 localhost\n127.0.0.1 broker.example.test\n"
    one = Container(image(), "names", environment={"KAFKA_LISTENERS": f"PLAINTEXT://broker.example.test:{port}", "KAFKA_ADMIN_LISTENERS": "none"})
    volume(one)
    file = one.home / "hosts"
    file.write_text(hosts)
    one.mounts.append((str(file), "/etc/hosts", True))
    one.start().ready()
    assert f"PLAINTEXT://broker.example.test:{port}" in one.said(), one.said()
    discard(one)


@story
def a_file_that_is_mounted_where_apache_kafkas_image_has_it_is_read_and_the_environment_wins():
    port = free_port()
    one = Container(image(), "mounted", environment={"KAFKA_NODE_ID": "7", "KAFKA_ADMIN_LISTENERS": "none"})
    volume(one)
    file = one.home / "server.properties"
    file.write_text(f"node.id=3\nlisteners=PLAINTEXT://localhost:{port}\nlog.dirs=/var/lib/kafka/data/logs\n")
    one.mounts.append((str(file), "/mnt/shared/config/server.properties", True))
    one.start().ready()
    assert re.search(rf"listeners=PLAINTEXT://localhost:{port} admin=none log\.dirs=/var/lib/kafka/data/logs node\.id=7 ", one.said()), one.said()
    discard(one)


@story
def testcontainers_start_path_runs_in_the_compatible_image():
    """org.testcontainers.kafka.KafkaContainer: waits in a shell for a script that it copies in, which exports the address and runs Kafka's start script."""
    port, broker, controller = free_port(), free_port(), free_port()
    listeners = f"PLAINTEXT://:{port},BROKER://:{broker},CONTROLLER://:{controller}"
    script = "/tmp/testcontainers_start.sh"
    command = ["sh", "-c", f"while [ ! -f {script} ]; do sleep 0.1; done; {script}"]
    one = Container(image("ottla-compat"), "compat", command=command, environment=TESTCONTAINERS | {"KAFKA_LISTENERS": listeners, "KAFKA_ADMIN_LISTENERS": "none"}, read_only=False, tmpfs=[])
    volume(one)
    folder = one.home / "tmp"
    folder.mkdir(mode=0o777)
    folder.chmod(0o1777)
    one.mounts.append((str(folder), "/tmp", False))
    one.start()
    text = f"#!/bin/bash\nexport KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:{port},BROKER://localhost:{broker}\n/etc/kafka/docker/run \n"
    (folder / "copied").write_text(text)
    (folder / "copied").chmod(0o777)
    os.rename(folder / "copied", folder / "testcontainers_start.sh")
    one.until(lambda: re.search(r".*Transitioning from RECOVERY to RUNNING.*", one.said()), "what testcontainers waits for")
    comes_back(f"localhost:{port}", 10)
    one.kill()
    discard(one)


@cases(one=("compose.yaml",), three=("compose-three.yaml",))
def the_compose_file_gives_a_cluster_that_is_healthy(name):
    """Each service in a place of its own, where it finds the others by their names."""
    services = yaml.safe_load((paths.ROOT / "deploy" / name).read_text())["services"]
    containers = {}
    for house, (place, service) in zip(town.HOUSES, services.items(), strict=False):
        town.names().set(place, network.address(house))
        environment = {key: str(value) for key, value in service["environment"].items()}
        one = Container(image(), place, environment=environment, read_only=service["read_only"], place=town.net().entering(house))
        volume(one, service["volumes"][0].split(":")[1])
        one.mounts.append((str(town.resolv_conf()), "/etc/resolv.conf", True))
        containers[place] = one.start()
    for place, one in containers.items():
        one.ready()
        check = services[place]["healthcheck"]["test"]
        assert check[0] == "CMD", check
        one.until(lambda one=one, check=check: town.within(one.first(), *check[1:]).returncode == 0, "healthy")
    comes_back(",".join(f"{place}:19092" for place in services), 50, replicas=len(services))
    for one in containers.values():
        one.signal(signal.SIGTERM)
    assert [one.process.wait(60) for one in containers.values()] == [0] * len(containers)
    discard(*containers.values())


@story
def systemd_finds_nothing_wrong_with_the_unit_and_little_exposed():
    unit = (paths.ROOT / "deploy/systemd/ottla.service").read_text()
    one = Container(image(), "unit")  # for its folder
    (one.home / "ottla.service").write_text(unit.replace("/usr/bin/ottla", str(paths.OTTLA)))
    done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", str(one.home / "ottla.service")], capture_output=True, text=True)
    assert done.returncode == 0 and "ottla" not in done.stderr, done.stderr
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", str(one.home / "ottla.service")], capture_output=True, text=True).stdout
    level = float(re.search(r"Overall exposure level for ottla.service: ([\d.]+)", said)[1])
    assert level <= 2.0, said
    discard(one)
