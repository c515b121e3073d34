"""An identity provider for stories: RS256-signed bearer tokens, and the file of keys that they are verified with. Keys are made when a story runs."""

import base64
import json
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER, AUDIENCE = "https://issuer", "kafka"


class Issuer:
    def __init__(self, keys_file: Path):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.keys_file = keys_file
        number = self.key.public_key().public_numbers().n
        modulus = text(number.to_bytes((number.bit_length() + 7) // 8, "big"))
        keys_file.write_text(json.dumps({"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": modulus, "e": "AQAB"}]}))

    def token(self, user: str, lives_s: int = 300, **claims: str) -> str:
        """One that ends in so many seconds; what has ended began an hour before."""
        now = int(time.time())
        issued = now if lives_s > 0 else now + lives_s - 3600
        told = {"sub": user, "iss": ISSUER, "aud": AUDIENCE, "iat": issued, "exp": now + lives_s} | claims
        head = text(json.dumps({"alg": "RS256", "kid": "k"}).encode()) + "." + text(json.dumps(told).encode())
        return head + "." + text(self.key.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))

    def settings(self, listener: str) -> dict[str, str]:
        """What a broker needs to accept its tokens at a listener."""
        secured = "org.apache.kafka.common.security.oauthbearer"
        return {
            f"listener.name.{listener}.oauthbearer.sasl.jaas.config": f"{secured}.OAuthBearerLoginModule required;",
            f"listener.name.{listener}.oauthbearer.sasl.server.callback.handler.class": f"{secured}.OAuthBearerValidatorCallbackHandler",
            "sasl.oauthbearer.jwks.endpoint.url": f"file://{self.keys_file}",
            "sasl.oauthbearer.expected.issuer": ISSUER,
            "sasl.oauthbearer.expected.audience": AUDIENCE,
        }


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
