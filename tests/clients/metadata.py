"""Calls of the Metadata API over plain HTTP, zips of components, and waiting until a deploy or a retrieve has ended."""

import base64
import io
import time
import zipfile
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import requests

from tests.clients.soap import plain
from tests.simulated import Simulated

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_PATIENCE = 30.0


def administrator(org: Simulated) -> str:
    """A token of the administrator."""
    username = org.facts["administrator"]["username"]
    token: str = org.control("POST", "sessions", {"username": username})["access_token"]
    return token


def post_metadata(org: Simulated, body: bytes, version: str = "64.0") -> requests.Response:
    """One SOAP message, as it is."""
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    return requests.post(f"{org.url}/services/Soap/m/{version}", body, headers=headers, timeout=60)


def call_metadata(org: Simulated, token: str, operation: str, content: str, header: str = "") -> tuple[int, Any]:
    """One call with a session: the HTTP status, and what the body says."""
    body = (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">'
        f"<e:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader>{header}</e:Header>"
        f"<e:Body><{operation}>{content}</{operation}></e:Body></e:Envelope>"
    )
    answer = post_metadata(org, body.encode())
    return answer.status_code, plain(ElementTree.fromstring(answer.content)[-1][0])


def results(org: Simulated, token: str, operation: str, content: str, header: str = "") -> list[Any]:
    """The results of a call that is answered."""
    status, said = call_metadata(org, token, operation, content, header)
    assert status == 200, said
    return list(said["result"]) if said else []


def create_field(org: Simulated, token: str, full_name: str, **facts: object) -> Any:
    """createMetadata of one field; gives its result."""
    facts = {"label": full_name.rpartition(".")[2][:-3].replace("_", " "), "type": "Text", **facts}
    if facts["type"] == "Text" and "formula" not in facts:
        facts.setdefault("length", 80)
    inner = "".join(f"<{name}>{_show(value)}</{name}>" for name, value in facts.items())
    content = f'<metadata xsi:type="CustomField"><fullName>{full_name}</fullName>{inner}</metadata>'
    made = results(org, token, "createMetadata", content)[0]
    if made["success"] == ["true"]:
        show_field(org, full_name)
    return made


def show_field(org: Simulated, full_name: str) -> None:
    """Shows a field to all profiles: one that is made by the API is seen by nobody."""
    object_name, _, name = full_name.partition(".")
    org.control("POST", "fields", {"object": object_name, "name": name, "granted": True})


def read_one(org: Simulated, token: str, kind: str, full_name: str) -> Any:
    """readMetadata of one component; None where there is none."""
    content = f"<type>{kind}</type><fullNames>{full_name}</fullNames>"
    return results(org, token, "readMetadata", content)[0]["records"][0]


def build_zip(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of files by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def manifest(members: Mapping[str, list[str]], version: str = "64.0") -> str:
    """A package.xml or a destructiveChanges.xml."""
    types = "".join(
        f"<types>{''.join(f'<members>{one}</members>' for one in names)}<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    return f'<?xml version="1.0"?><Package xmlns="{NAMESPACE}">{types}<version>{version}</version></Package>'


def component(kind: str, inner: str) -> str:
    """A component's file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{NAMESPACE}">\n{inner}\n</{kind}>'


def text_field(name: str, length: int = 40) -> str:
    """A field of text within an object's file."""
    return (
        f"<fields><fullName>{name}</fullName><label>{name[:-3]}</label><length>{length}</length>"
        "<type>Text</type></fields>"
    )


def start_deploy(org: Simulated, token: str, zipped: bytes, **options: object) -> str:
    """deploy(); gives the id."""
    wanted = {"rollbackOnError": True, "singlePackage": True, **options}
    inner = "".join(f"<{name}>{_show(value)}</{name}>" for name, value in wanted.items())
    content = f"<ZipFile>{base64.b64encode(zipped).decode()}</ZipFile><DeployOptions>{inner}</DeployOptions>"
    found: str = results(org, token, "deploy", content)[0]["id"][0]
    return found


def check_deploy(org: Simulated, token: str, deploy_id: str) -> Any:
    """checkDeployStatus() with details."""
    content = f"<asyncProcessId>{deploy_id}</asyncProcessId><includeDetails>true</includeDetails>"
    return results(org, token, "checkDeployStatus", content)[0]


def deploy(org: Simulated, token: str, files: Mapping[str, str | bytes], **options: object) -> Any:
    """Deploys files and gives the result when it has ended."""
    deploy_id = start_deploy(org, token, build_zip(files), **options)
    until = time.monotonic() + _PATIENCE
    while True:
        found = check_deploy(org, token, deploy_id)
        if found["done"] == ["true"]:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.01)


def messages(result: Any, kind: str) -> dict[str, Any]:
    """The messages of a deploy by the names of their components: componentSuccesses or componentFailures."""
    return {one["fullName"][0]: one for one in result["details"][0].get(kind, [])}


def retrieve(org: Simulated, token: str, members: Mapping[str, list[str]]) -> tuple[dict[str, str], Any]:
    """Retrieves components: the files by name, and the result."""
    types = "".join(
        f"<types>{''.join(f'<members>{one}</members>' for one in names)}<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    asked = f"<apiVersion>64.0</apiVersion><singlePackage>true</singlePackage><unpackaged>{types}</unpackaged>"
    started = results(org, token, "retrieve", f"<retrieveRequest>{asked}</retrieveRequest>")[0]
    content = f"<asyncProcessId>{started['id'][0]}</asyncProcessId><includeZip>true</includeZip>"
    until = time.monotonic() + _PATIENCE
    while True:
        found = results(org, token, "checkRetrieveStatus", content)[0]
        if found["done"] == ["true"]:
            break
        assert time.monotonic() < until, found
        time.sleep(0.01)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found["zipFile"][0]))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}, found


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
