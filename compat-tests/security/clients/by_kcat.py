"""A record there and back by kcat for each case on standard input (speakers.py says what a case is)."""

import subprocess

from saying import LIMIT_S, answer


def settings(one: dict) -> list[str]:
    names = {
        "protocol": "security.protocol", "mechanism": "sasl.mechanism", "user": "sasl.username", "password": "sasl.password",
        "ca": "ssl.ca.location", "certificate": "ssl.certificate.location", "key": "ssl.key.location",
    }  # fmt: skip
    return [part for name, key in names.items() if name in one for part in ("-X", f"{key}={one[name]}")]


def kcat(one: dict, *arguments: str, sent: str | None = None) -> str:
    done = subprocess.run(["kcat", "-b", one["bootstrap"], *settings(one), *arguments], input=sent, capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def there_and_back(one: dict) -> None:
    # It would try to send for five minutes; of a login that is refused it must have heard by then.
    kcat(one, "-L", "-t", one["topic"], "-m", str(max(one["patience_s"], 5)))
    kcat(one, "-P", "-t", one["topic"], "-p", "0", sent=one["case"])
    if one["case"] not in kcat(one, "-C", "-t", one["topic"], "-p", "0", "-o", "beginning", "-e", "-q").splitlines():
        raise TimeoutError("the record did not come back")


answer(there_and_back)
