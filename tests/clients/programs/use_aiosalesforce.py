"""aiosalesforce, unmodified: both of its OAuth logins and SOAP, records, queries, composite, batch and Bulk 2.0.

It insists on addresses of the kind https://NAME.my.salesforce.com: a proxy leads them to the org, or a transport given
to its httpx client does, as httpx documents for custom transports.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import httpx
from again import again_async, failures
from aiosalesforce import Salesforce
from aiosalesforce.auth import Auth, ClientCredentialsFlow, JwtBearerFlow, SoapLogin

_SOQL = "SELECT Id, LastName, Email, Syncline_Id__c FROM Contact WHERE Syncline_Id__c LIKE 'aio-%' ORDER BY LastName"
_BULK_PEOPLE = 30


class Straight(httpx.AsyncHTTPTransport):
    """Goes to a given address whatever host is asked for; the Host header stays."""

    def __init__(self, url: str, ca_bundle: str) -> None:
        self._place = urlsplit(url)
        super().__init__(verify=ca_bundle)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host=self._place.hostname, port=self._place.port)
        return await super().handle_async_request(request)


def make_http(facts: dict[str, Any]) -> httpx.AsyncClient:
    """The HTTP client for a road."""
    if facts["road"] == "tls":
        return httpx.AsyncClient(transport=Straight(facts["tls_url"], facts["ca_bundle"]), timeout=30)
    return httpx.AsyncClient(timeout=30)


async def use(facts: dict[str, Any]) -> dict[str, Any]:
    """Does it all, and tells what the client gave."""
    told: dict[str, Any] = {}
    async with make_http(facts) as http:
        ways: dict[str, Auth] = {
            "jwt": JwtBearerFlow(facts["client_id"], facts["username"], facts["private_key"]),
            "client_credentials": ClientCredentialsFlow(facts["client_id"], facts["client_secret"]),
            "soap": SoapLogin(facts["username"], facts["password"], facts["security_token"]),
        }
        told["logins"] = {name: await log_in(http, facts, auth) for name, auth in ways.items()}
        sf = Salesforce(http, f"https://{facts['my_domain']}", ways["client_credentials"])
        told |= await use_records(sf) | await use_composite(sf) | await use_bulk(sf)

        async def read() -> list[dict[str, Any]]:
            return [one async for one in sf.query(_SOQL)]

        told["read"] = [[one["LastName"], one["Syncline_Id__c"]] for one in await again_async(read)]
        told["limit"] = (await again_async(sf.get_limits))["DailyApiRequests"]["Max"]
    return told


async def log_in(http: httpx.AsyncClient, facts: dict[str, Any], auth: Auth) -> str:
    """Who one is after a login."""
    sf = Salesforce(http, f"https://{facts['my_domain']}", auth)

    async def ask() -> str:
        answer = await sf.request("GET", f"{sf.base_url}/services/oauth2/userinfo")
        name: str = answer.json()["preferred_username"]
        return name

    return await again_async(ask)


async def use_records(sf: Salesforce) -> dict[str, Any]:
    """Upsert, read, change, delete; keys of one's own make each step safe to do again."""
    person = {"LastName": "Alone", "Email": "Alone@Example.com"}

    async def upsert() -> str:
        done = await sf.sobject.upsert("Contact", "aio-alone", "Syncline_Id__c", person)
        return done.id

    contact = await again_async(upsert)
    await again_async(lambda: sf.sobject.update("Contact", contact, {"Title": "CFO"}))
    got = await again_async(lambda: sf.sobject.get("Contact", contact, fields=["Title", "Email", "Name"]))
    made = await again_async(lambda: sf.sobject.create("Account", {"Name": "Doomed Ltd"}))

    async def delete() -> bool:
        try:
            await sf.sobject.delete("Account", made)
        except Exception as error:
            # A step that was done without an answer is done.
            if "ENTITY_IS_DELETED" not in str(error):
                raise
        return True

    await again_async(delete)
    del got["attributes"]
    return {"contact": contact, "got": got, "deleted": made}


async def use_composite(sf: Salesforce) -> dict[str, Any]:
    """A request whose second part refers to the first, and a batch of independent ones."""

    async def composite() -> list[Any]:
        async with sf.composite(all_or_none=True) as parts:
            chief = parts.sobject.upsert("Contact", "aio-chief", "Syncline_Id__c", {"LastName": "Chief"})
            person = parts.sobject.upsert(
                "Contact",
                "aio-deputy",
                "Syncline_Id__c",
                {"LastName": "Deputy", "ReportsToId": str(chief.reference.id)},
            )
        chief.raise_for_status()
        person.raise_for_status()
        return [chief.id, person.id]

    async def batch() -> list[Any]:
        async with sf.composite.batch() as parts:
            found = parts.query("SELECT count() FROM Organization")
            wrong = parts.query("SELECT Nonsense__c FROM Lead")
        if found.status_code != 200:
            raise RuntimeError(found.response)
        return [found.status_code, wrong.status_code, wrong.result]

    return {"composite": await again_async(composite), "batch": await again_async(batch)}


async def use_bulk(sf: Salesforce) -> dict[str, Any]:
    """An ingest job by the client's own road, with a row that cannot be loaded."""
    people = [{"LastName": f"Bulk {n:03}", "Syncline_Id__c": f"aio-{n:03}"} for n in range(_BULK_PEOPLE)]
    people.append({"LastName": "", "Syncline_Id__c": "aio-nameless"})

    async def load() -> list[Any]:
        (job,) = [
            one
            async for one in sf.bulk_v2.ingest.perform_operation(
                "upsert", "Contact", people, external_id_field="Syncline_Id__c", polling_interval=0.02
            )
        ]
        # A row that was locked is loaded with the next try: the key makes that safe.
        if job.job_info.state != "JobComplete" or len(job.failed_results) > 1:
            raise RuntimeError(job.job_info.state, sorted({row["sf__Error"] for row in job.failed_results}))
        return [len(job.successful_results), job.failed_results[0]["sf__Error"]]

    return {"bulk": await again_async(load)}


print(json.dumps({**asyncio.run(use(json.load(sys.stdin))), "failures": failures}))
