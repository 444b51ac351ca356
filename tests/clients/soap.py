"""SOAP calls over plain HTTP, and their answers as plain data."""

from typing import Any
from xml.etree import ElementTree

import requests

from tests.simulated import Simulated


def call_soap(org: Simulated, token: str, operation: str, content: str, header: str = "") -> tuple[int, Any]:
    """One call with a session: the HTTP status, and what the body says."""
    body = (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn:partner.soap.sforce.com" '
        'xmlns:o="urn:sobject.partner.soap.sforce.com">'
        f"<e:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader>{header}</e:Header>"
        f"<e:Body><{operation}>{content}</{operation}></e:Body></e:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    answer = requests.post(f"{org.url}/services/Soap/u/64.0", body.encode(), headers=headers, timeout=30)
    return answer.status_code, plain(ElementTree.fromstring(answer.content)[-1][0])


def plain(element: ElementTree.Element) -> Any:
    """An element as plain data: text, or a mapping of lists by local name."""
    if not len(element):
        return element.text
    found: dict[str, list[Any]] = {}
    for one in element:
        found.setdefault(one.tag.rpartition("}")[2], []).append(plain(one))
    return found
