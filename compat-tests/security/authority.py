"""A certificate authority for stories: keys are made when a story runs, and never kept."""

import datetime
import ipaddress
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Issued:
    """A certificate and its key as files: apart, as librdkafka wants them, and in one, as Kafka's PEM keystores are."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    def __init__(self, folder: Path, name: str):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        unsigned = builder(self.name, self.name, self.key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = unsigned.sign(self.key, hashes.SHA256())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(pem(self.certificate))

    def issue(self, common_name: str, *names: str) -> Issued:
        """For CN=<common_name>,O=Ottla; names and addresses are what it vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ottla"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        unsigned = builder(subject, self.name, key.public_key())
        if names:
            unsigned = unsigned.add_extension(x509.SubjectAlternativeName([general(name) for name in names]), critical=False)
        signed = unsigned.sign(self.key, hashes.SHA256())
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        stem = self.folder / f"{self.file.stem}-{common_name}"
        issued = Issued(stem.with_suffix(".crt"), stem.with_suffix(".key"), stem.with_suffix(".both"))
        issued.certificate.write_bytes(pem(signed))
        issued.key.write_bytes(secret)
        issued.both.write_bytes(secret + pem(signed))
        return issued


def builder(subject: x509.Name, issuer: x509.Name, key) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    unsigned = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(x509.random_serial_number())
    return unsigned.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=90))


def general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def keytool(*arguments: str) -> None:
    """Java's tool, as most people make their stores."""
    done = subprocess.run(["keytool", "-noprompt", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"keytool {arguments}: {done.stdout}{done.stderr}"
