"""The key that id tokens are signed with: one for all orgs of a process, made when it is first needed."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


@functools.cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign(claims: Mapping[str, Any]) -> str:
    """An id token (RS256; OpenID Connect Core, section 2)."""
    return jwt.encode(dict(claims), _signing_key(), algorithm="RS256", headers={"kid": _key_id()})


def describe_keys() -> dict[str, Any]:
    """The public half as a JSON Web Key Set (RFC 7517)."""
    numbers = _signing_key().public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    public = {"n": _encode(numbers.n.to_bytes(size, "big")), "e": _encode(numbers.e.to_bytes(3, "big"))}
    return {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": _key_id(), **public}]}


def hash_token(token: str) -> str:
    """The claim `at_hash` (OpenID Connect Core, section 3.1.3.6)."""
    return _encode(hashlib.sha256(token.encode()).digest()[:16])


def _key_id() -> str:
    number = _signing_key().public_key().public_numbers().n
    return hashlib.sha256(str(number).encode()).hexdigest()[:6]


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
