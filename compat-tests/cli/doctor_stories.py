"""`ottla doctor` and how commands get in: TLS and logins by a file of client properties; one thing broken at a time, and the finding read."""

import os
import signal
import sys
import tempfile
import urllib.request
from pathlib import Path

import paths
from ottla import findings, run
from story import Skip, broker, cases, fresh, keep, story, topic, wait_for
from targets import Ottla, free_port, target

sys.path.insert(0, str(paths.COMPAT / "security"))

from authority import Authority  # noqa: E402

MODULE = "org.apache.kafka.common.security"
USERS = f'{MODULE}.plain.PlainLoginModule required username="admin" password="admin-secret" user_admin="admin-secret" user_alice="alice-secret";'


def folder() -> Path:
    paths.WORK.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="cli-", dir=paths.WORK))


def secured(authority: Authority, *names: str):
    """Beside plaintext a listener with TLS, and one with TLS and a login."""
    issued = authority.issue("broker", *(names or ("localhost", "127.0.0.1")))
    overrides = {
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(issued.both),
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": USERS,
        "connection.failed.authentication.delay.ms": "50",
    }
    return fresh(overrides, listeners=("PLAINTEXT", "SSL", "SASL"))


def properties(authority: Authority, password: str | None = None) -> str:
    lines = ["security.protocol=SSL" if password is None else "security.protocol=SASL_SSL", "ssl.truststore.type=PEM", f"ssl.truststore.location={authority.file}"]
    if password is not None:
        lines += ["sasl.mechanism=PLAIN", f'sasl.jaas.config={MODULE}.plain.PlainLoginModule required username="alice" password="{password}";']
    file = authority.folder / "client.properties"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


@story
def a_file_of_client_properties_is_enough_for_tls_and_a_login():
    authority = Authority(folder(), "A")
    one = secured(authority)
    name = topic()
    for listener, password in (("SSL", None), ("SASL", "alice-secret")):
        address = f"localhost:{one.ports[listener]}"
        file = properties(authority, password)
        run("topic", "create", name, "-p", "1", "-r", "1", "--if-not-exists", "--command-config", file, bootstrap=address)
        run("produce", name, "--command-config", file, bootstrap=address, stdin=b"said\n")
        assert run("consume", name, "-o", "-1", "-c", "1", "--command-config", file, bootstrap=address) == "said\n"
        # All three listeners are dialled; the login is known for one of them only when it is given.
        assert findings("--command-config", file, bootstrap=address) == []
    wrong = properties(authority, "guess")
    found = findings("--command-config", wrong, bootstrap=f"localhost:{one.ports['SASL']}", code=1)
    assert any("refuses the login" in one for one in found), found


@story
def the_doctor_finds_nothing_wrong_with_a_broker_that_is_well():
    assert findings() == []
    assert findings(weight="note") == []


@story
def an_advertised_address_where_nobody_listens_and_a_name_that_nobody_knows_are_found():
    one = target()(listeners=("PLAINTEXT", "OTHER", "UNKNOWN"))
    said = {"PLAINTEXT": one.bootstrap, "OTHER": f"localhost:{free_port()}", "UNKNOWN": f"no-such-host.invalid:{one.ports['UNKNOWN']}"}
    one.overrides = {"advertised.listeners": ",".join(f"{name}://{address}" for name, address in said.items())}
    keep(one).start()
    found = findings(bootstrap=one.bootstrap, weight="warning")
    for name, part in (("OTHER", "the connection is refused"), ("UNKNOWN", "cannot be found from here")):
        assert any(f"broker 1 at listener {name}" in sentence and part in sentence for sentence in found), found
    # Whoever comes by such a listener has a problem.
    found = findings(bootstrap=f"localhost:{one.ports['UNKNOWN']}", code=3)
    assert any("no-such-host.invalid" in sentence and "cannot be found from here" in sentence for sentence in found), found


@story
def a_certificate_for_another_name_and_one_of_a_stranger_are_found():
    ours = Authority(folder(), "A")
    one = secured(ours, "kafka-9.example.org")
    address = f"localhost:{one.ports['SSL']}"
    found = findings("--command-config", properties(ours), bootstrap=address, code=1)
    assert any("is not for localhost, but for kafka-9.example.org" in sentence for sentence in found), found
    stranger = Authority(folder(), "B")
    found = findings("--command-config", properties(stranger), bootstrap=address, code=1)
    assert any("makes no TLS connection" in sentence and "ssl.truststore" in sentence for sentence in found), found
    found = findings(bootstrap=address, code=1)
    assert any("speaks TLS, and these properties do not" in sentence for sentence in found), found


@cases(ahead=(120_000, "120 s ahead of"), behind=(-30_000, "30 s behind"))
def a_clock_that_is_wrong_is_found(ahead_ms: int, words: str):
    if target() is not Ottla:
        raise Skip("another broker's clock is the machine's")
    file = folder() / "ahead"
    file.write_text(str(ahead_ms))
    os.environ["OTTLA_TEST_CLOCK_FILE"] = str(file)
    try:
        one = fresh()
    finally:
        del os.environ["OTTLA_TEST_CLOCK_FILE"]
    one.process.send_signal(signal.SIGUSR1)
    weight, code = ("problem", 3) if abs(ahead_ms) >= 60_000 else ("warning", 0)
    number, rest = words.split(" ", 1)
    near = [f"{int(number) + off} {rest}" for off in (-2, -1, 0)]

    def is_found() -> bool:
        try:
            found = findings(bootstrap=one.bootstrap, weight=weight, code=code)
        except AssertionError:  # it has not jumped yet
            return False
        return any("clock of the active controller" in sentence and any(one in sentence for one in near) for sentence in found)

    wait_for(is_found, "the clock that jumped is found", limit_s=30)


@story
def a_low_limit_of_open_files_is_found():
    if target() is not Ottla:
        raise Skip("Apache Kafka has no such metric")
    port = free_port()
    one = keep(Ottla({"admin.listeners": f"http://localhost:{port}"}))
    one.prefix = ("prlimit", "--nofile=4096:4096", "--")
    one.start()
    with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=10) as page:
        if b"process_max_fds" not in page.read():
            raise Skip("this broker does not tell its limit")
    found = findings("--admin", f"localhost:{port}", bootstrap=one.bootstrap, weight="warning")
    assert any("may open 4096 files, which is few" in sentence for sentence in found), found


@story
def who_is_not_there_is_said_with_exit_code_1():
    found = findings(bootstrap=f"localhost:{free_port()}", code=1)
    assert any("the connection is refused" in sentence for sentence in found), found
    assert broker().running()
