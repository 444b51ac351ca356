"""A certificate authority made for one start and thrown away with it, and the server's certificate signed by it.

Clients that are told of the authority (REQUESTS_CA_BUNDLE, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS) reach an org under
Salesforce's own host names. Its key exists in memory alone and signs one certificate: nobody can misuse it later.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)
_LIFE = timedelta(days=397)
#: A wildcard stands for one label: login, test and the instances; My Domains; the kinds of orgs that have a label more.
_KINDS = ("sandbox", "develop", "scratch", "trailblaze", "patch", "demo", "free")
HOSTS = (
    "localhost", "*.localhost", "*.salesforce.com", "*.my.salesforce.com",
    *(f"*.{kind}.my.salesforce.com" for kind in _KINDS),
)  # fmt: skip
ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Tls:
    """What a server needs to speak TLS, and the file that tells clients whom to trust."""

    context: ssl.SSLContext
    ca_bundle: Path


def make_tls(folder: Path, now: datetime, more: Sequence[str] = ()) -> Tls:
    """A new authority and certificate, their files in a folder; `more` are addresses that it is good for too."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simorg throw-away authority")])
    authority = _sign_authority(name, ca_key, now)
    certificate = _sign_server(name, ca_key, key.public_key(), now, more)
    bundle, chain = folder / "ca.pem", folder / "server.pem"
    bundle.write_bytes(_as_pem(authority))
    chain.touch(mode=0o600)
    chain.chmod(0o600)
    chain.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + _as_pem(certificate)
        + _as_pem(authority)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(chain)
    return Tls(context, bundle)


def _sign_authority(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    public = key.public_key()
    return (
        _start(name, name, public, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _sign_server(
    issuer: x509.Name,
    ca_key: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    now: datetime,
    more: Sequence[str],
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names += [x509.IPAddress(ip_address(one)) for one in (*ADDRESSES, *more)]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _start(subject, issuer, public, now)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _start(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _LIFE)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _as_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
