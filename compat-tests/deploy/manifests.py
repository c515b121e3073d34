"""The chart as Kubernetes gets it: rendered by helm, and the files that its ConfigMaps and Secrets become."""

import base64
import subprocess
from pathlib import Path

import yaml

import paths

CHART = paths.ROOT / "deploy" / "helm" / "ottla"
RELEASE, NAMESPACE = "kafka", "kafka"
GOLDEN = Path(__file__).parent / "golden"


def ci_values() -> list[Path]:
    return sorted(CHART.glob("ci/*-values.yaml"))


def helm(*words: str) -> subprocess.CompletedProcess:
    """A helm from `go install` takes the cluster for an old one unless it is told."""
    words = (words[0], "--kube-version", "1.35.0", *words[1:])
    return subprocess.run([str(paths.HELM), *words], capture_output=True, text=True, timeout=120)


def template(*words: str) -> str:
    done = helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(*words: str) -> list[dict]:
    return [one for one in yaml.safe_load_all(template(*words)) if one]


def of_kind(objects: list[dict], kind: str) -> dict[str, dict]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def contents(one: dict) -> dict[str, bytes]:
    """The files of a ConfigMap or Secret, mounted."""
    plain = (one.get("stringData") or {}) | ((one.get("data") or {}) if one["kind"] == "ConfigMap" else {})
    files = {name: text.encode() for name, text in plain.items()}
    if one["kind"] == "Secret":
        files |= {name: base64.b64decode(text) for name, text in (one.get("data") or {}).items()}
    return files
