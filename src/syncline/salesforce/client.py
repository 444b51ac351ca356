"""The client of one org: what Syncline asks of Salesforce, with one renewal of the session and bounded retries.

Only reads and writes that may be repeated are tried again here: a create is sent once, whatever happens.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote as quote_url

from syncline import clock, killpoints
from syncline.domain.ids import SalesforceId
from syncline.domain.outcomes import RowResult
from syncline.domain.shape import ObjectShape
from syncline.errors import ConnectionBroken, LimitReached, RetryLater
from syncline.salesforce import soap
from syncline.salesforce.answers import Identity, Page, read_page, read_row
from syncline.salesforce.auth import Token
from syncline.salesforce.bulk import BulkJob, ResultPage, read_job
from syncline.salesforce.composite import Part, PartResult, build_request, build_write_headers, query_part
from syncline.salesforce.describe import read_describe
from syncline.salesforce.failures import LocatorLost, remote_error
from syncline.salesforce.token import TokenOwner
from syncline.salesforce.transport import Answer, CallCount, Transport, Usage

#: How often a repeatable request is tried, and the longest first wait between tries, in seconds.
_TRIES, _FIRST_WAIT, _LONGEST_WAIT = 4, 0.4, 10.0
#: Salesforce takes 16,384 bytes of URL and headers together; what is longer goes in the body of a composite call.
_LONGEST_URL = 12_000
_ORGANIZATION = "SELECT Id, Name, OrganizationType, IsSandbox, InstanceName FROM Organization"


class Salesforce:
    """One org through one user. Safe to use from several threads."""

    def __init__(
        self, owner: TokenOwner, transport: Transport, api_version: str = "64.0", client_name: str = "Syncline"
    ) -> None:
        self._owner = owner
        self._transport = transport
        self._version = api_version
        self._client_name = client_name

    @property
    def version(self) -> str:
        """The version of the API that is spoken."""
        return self._version

    @property
    def calls(self) -> CallCount:
        """Calls made so far, by kind."""
        return self._transport.calls

    def org_now(self) -> datetime:
        """The org's clock, as its answers tell it; where there was none yet, logging in gets one.

        Raises:
            ConnectionBroken: Salesforce refuses the login.
        """
        if not self._transport.knows_org_time:
            self._owner.current()
        return self._transport.org_now()

    def keep_within(self, guard: Callable[[str], None]) -> None:
        """Lets `guard` be asked with the kind of each call before it is made; it may raise."""
        self._transport.guard = guard

    def usage(self) -> Usage | None:
        """API requests used and allowed, as the last answer told."""
        return self._transport.usage()

    def ask_usage(self) -> None:
        """Asks for the usage where no answer told it (L41b)."""
        told = self.limits().get("DailyApiRequests") or {}
        if "Max" in told and "Remaining" in told:
            self._transport.note_usage(int(told["Max"]) - int(told["Remaining"]), int(told["Max"]))

    def identity(self) -> Identity:
        """Who we are (OAuth userinfo)."""
        body = self.json("login", "GET", "/services/oauth2/userinfo")
        told = [str(body.get(one) or "") for one in ("preferred_username", "name", "email")]
        return Identity(body["organization_id"], body["user_id"], *told)

    def organization(self) -> dict[str, Any]:
        """The org's own record: Name, OrganizationType, IsSandbox, InstanceName."""
        return self.query(_ORGANIZATION).records[0]

    def limits(self) -> dict[str, Any]:
        """The org's limits, by name, each with Max and Remaining."""
        limits: dict[str, Any] = self.json("limits", "GET", self.path("/limits"))
        return limits

    def list_objects(self) -> list[tuple[str, str]]:
        """Names and labels of the objects that this user may query (sObject "Describe Global")."""
        found = self.json("describe", "GET", self.path("/sobjects"))["sobjects"]
        return [(one["name"], one["label"]) for one in found if one.get("queryable")]

    def describe(self, object_name: str, known: ObjectShape | None = None) -> ObjectShape:
        """What the org shows of an object; the known shape again where it is unchanged.

        Raises:
            RemoteRefused: the object is not there for this user (status 404).
        """
        headers = {}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        elif known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        answer = self.send("describe", "GET", self.path(f"/sobjects/{object_name}/describe"), headers=headers)
        if answer.status == 304 and known:
            return known
        return read_describe(_body(answer, "describe"), answer.headers.get("ETag"), answer.headers.get("Last-Modified"))

    def query(self, soql: str, *, all_rows: bool = False, batch_size: int | None = None) -> Page:
        """The first page of a query; `all_rows` sees deleted records too. `batch_size` is a wish, 200 to 2,000."""
        headers = {"Sforce-Query-Options": f"batchSize={batch_size}"} if batch_size else {}
        resource = "queryAll" if all_rows else "query"
        path = self.path(f"/{resource}?q={quote_url(soql, safe='')}")
        if len(path) > _LONGEST_URL:
            part = replace(query_part("query", soql, all_rows=all_rows), headers=headers or None)
            return read_page(self.composite([part])[0].expect_success())
        return read_page(self.json("query", "GET", path, headers=headers))

    def query_more(self, next_url: str) -> Page:
        """The next page; raises LocatorLost where the place is gone, as it is with the session that made it."""
        return read_page(self.json("query", "GET", next_url))

    def composite(self, parts: Sequence[Part], *, all_or_none: bool = False, repeat: bool = True) -> list[PartResult]:
        """Sends up to 25 sub-requests in one call; their results in the order asked. `repeat`: all may be repeated."""
        request = build_request(parts, self.path(""), all_or_none=all_or_none)
        body = self.json("composite", "POST", self.path("/composite"), json=request, repeat=repeat)
        return [
            PartResult(one["referenceId"], one["httpStatusCode"], one.get("body")) for one in body["compositeResponse"]
        ]

    def retrieve(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any] | None]:
        """Up to 2,000 records by id, in the order asked; None for one that is not there."""
        request = {"ids": list(ids), "fields": list(fields)}
        records: list[dict[str, Any] | None] = self.json(
            "retrieve", "POST", self.path(f"/composite/sobjects/{object_name}"), json=request
        )
        return records

    def update(
        self, object_name: str, records: Sequence[Mapping[str, Any]], *, auto_assign: bool = False
    ) -> list[RowResult]:
        """Updates up to 200 records, each with its Id; results in the order sent. May be repeated, and is."""
        headers = build_write_headers(auto_assign=auto_assign)
        return self._write("update", "PATCH", "/composite/sobjects", object_name, records, headers, repeat=True)

    def create(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        auto_assign: bool = True,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Creates up to 200 records; results in the order sent. Never repeated: the caller settles a lost answer."""
        headers = build_write_headers(auto_assign=auto_assign, allow_duplicates=allow_duplicates)
        return self._write("create", "POST", "/composite/sobjects", object_name, records, headers, repeat=False)

    def upsert(
        self,
        object_name: str,
        external_id_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        auto_assign: bool = True,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Creates or updates up to 200 records by an external id; results in the order sent. May be repeated."""
        path = f"/composite/sobjects/{object_name}/{external_id_field}"
        headers = build_write_headers(auto_assign=auto_assign, allow_duplicates=allow_duplicates)
        return self._write("upsert", "PATCH", path, object_name, records, headers, repeat=True)

    def delete_records(self, object_name: str, ids: Sequence[str]) -> list[RowResult]:
        """Deletes up to 200 records of an object; one that is deleted already counts as done.

        Raises:
            ValueError: no ids, or more than one call takes.
        """
        if not 0 < len(ids) <= 200:
            raise ValueError(f"{len(ids)} {object_name} ids do not fit one call")
        path = self.path(f"/composite/sobjects?ids={','.join(ids)}&allOrNone=false")
        results = [read_row(one) for one in self.json("collections", "DELETE", path)]
        return [
            RowResult(SalesforceId(record_id), True) if result.is_gone else result
            for record_id, result in zip(ids, results, strict=True)
        ]

    def create_query_job(self, soql: str, *, all_rows: bool) -> BulkJob:
        """Begins a Bulk query.

        Raises:
            RemoteRefused: Bulk does not read this.
        """
        request = {"operation": "queryAll" if all_rows else "query", "query": soql}
        killpoints.reach("remote.job.sending")
        answer = self.send("bulk", "POST", self.path("/jobs/query"), json=request)
        killpoints.reach("remote.job.answered")
        return read_job(_body(answer, "create Bulk job"))

    def query_job(self, job_id: str) -> BulkJob:
        """A Bulk query as it stands.

        Raises:
            RemoteRefused: the org does not know it (status 404).
        """
        return read_job(self.json("bulk", "GET", self.path(f"/jobs/query/{job_id}")))

    def abort_query_job(self, job_id: str) -> BulkJob:
        """Ends a Bulk query before its time."""
        return read_job(self.json("bulk", "PATCH", self.path(f"/jobs/query/{job_id}"), json={"state": "Aborted"}))

    def delete_query_job(self, job_id: str) -> None:
        """Takes away a Bulk query and its result."""
        _body(self.send("bulk", "DELETE", self.path(f"/jobs/query/{job_id}")), "delete Bulk job")

    @contextmanager
    def results(
        self, job_id: str, *, locator: str | None = None, max_records: int | None = None
    ) -> Iterator[ResultPage]:
        """Opens one page of a Bulk query's result; the page may be asked for again.

        Raises:
            RetryLater: the page did not come, or broke off.
        """
        asked = {"locator": locator, "maxRecords": max_records}
        query = "&".join(f"{name}={quote_url(str(value))}" for name, value in asked.items() if value is not None)
        with self.open_result(self.path(f"/jobs/query/{job_id}/results") + (f"?{query}" if query else "")) as page:
            yield page

    @contextmanager
    def open_result(self, path: str) -> Iterator[ResultPage]:
        """Opens a CSV of a Bulk job, to be read once.

        Raises:
            RetryLater: it did not come, or broke off.
        """
        token = self._owner.current()
        with self._transport.stream("bulk", self._url(token, path), self._headers(token, {})) as stream:
            if stream.status == 401:
                # The next try carries the new session; pages of a Bulk job outlive the one that asked for it.
                self._owner.refresh(token)
                raise RetryLater("The session ended between two pages.", operation="read result", status=401)
            if stream.status != 200:
                answer = stream.read()
                raise remote_error("read result", answer.status, answer.json())
            yield ResultPage(stream)

    def convert_lead(self, lead_id: str, converted_status: str, **options: Any) -> soap.ConvertResult:
        """Converts a Lead (SOAP convertLead); options as soap.convert_request takes them.

        Raises:
            RemoteRefused: the Lead was not converted.
        """
        return soap.read_convert(self._soap("convertLead", soap.convert_request(lead_id, converted_status, **options)))

    def merge(
        self, object_name: str, master_id: str, loser_ids: Sequence[str], fields: Mapping[str, str] | None = None
    ) -> soap.MergeResult:
        """Merges one or two records into a master (SOAP merge).

        Raises:
            RemoteRefused: the records were not merged.
        """
        return soap.read_merge(self._soap("merge", soap.merge_request(object_name, master_id, loser_ids, fields or {})))

    def undelete(self, ids: Sequence[str]) -> None:
        """Takes records back out of the recycle bin (SOAP undelete).

        Raises:
            RemoteRefused: one could not be taken back.
        """
        soap.read_success(self._soap("undelete", {"ids": list(ids)}), "undelete")

    def _soap(self, operation: str, arguments: Mapping[str, Any]) -> bytes:
        token = self._owner.current()
        for attempt in (1, 2):
            content = soap.build_request(operation, arguments, token.access_token)
            path = f"/services/Soap/u/{self._version}"
            headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
            answer = self._transport.request("soap", "POST", self._url(token, path), headers=headers, content=content)
            if attempt == 1 and soap.is_session_fault(answer.content):
                token = self._owner.refresh(token)
                continue
            return answer.content
        raise AssertionError("unreachable")

    def _write(
        self,
        operation: str,
        method: str,
        path: str,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        headers: Mapping[str, str],
        *,
        repeat: bool,
    ) -> list[RowResult]:
        request = {
            "allOrNone": False,
            "records": [{"attributes": {"type": object_name}, **record} for record in records],
        }
        killpoints.reach(f"remote.{operation}.sending")
        answer = self.send("collections", method, self.path(path), headers=headers, json=request, repeat=repeat)
        killpoints.reach(f"remote.{operation}.answered")
        body = _body(answer, operation)
        if not isinstance(body, list) or len(body) != len(records):
            raise RetryLater(f"The answer to {operation} does not fit what was sent.", operation=operation)
        return [read_row(one) for one in body]

    def json(self, kind: str, method: str, path: str, **options: Any) -> Any:
        """Sends a request, as `send` does; its answer as JSON."""
        return _body(self.send(kind, method, path, **options), kind)

    def send(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: Callable[[], Iterable[bytes]] | None = None,
        repeat: bool = True,
    ) -> Answer:
        """Sends a request with the session, renewed once; tries again what may be repeated.

        `content` gives the body piece by piece, anew for each try.
        """

        def ask(token: Token) -> Answer:
            told = self._headers(token, headers or {})
            body = content() if content else None
            return self._transport.request(kind, method, self._url(token, path), headers=told, json=json, content=body)

        def send() -> Answer:
            token = self._owner.current()
            answer = ask(token)
            if answer.ends_session:
                answer = ask(self._owner.refresh(token))
            if answer.ok or answer.status == 304:
                if answer.ok and answer.content and answer.json() is None:
                    raise RetryLater(
                        f"The answer to {kind} (status {answer.status}) is not JSON, or is cut off.",
                        operation=kind,
                        status=answer.status,
                        remedy="Check any proxy on the way; the next sync tries again.",
                    )
                return answer
            raise remote_error(kind, answer.status, answer.failure())

        return _try_again(send) if repeat else send()

    def path(self, resource: str) -> str:
        """The path of a resource of the API, in the version spoken."""
        return f"/services/data/v{self._version}{resource}"

    def _url(self, token: Token, path: str) -> str:
        return token.instance_url + path

    def _headers(self, token: Token, more: Mapping[str, str]) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token.access_token}",
            "Accept-Encoding": "gzip",
            "Sforce-Call-Options": f"client={self._client_name}",
            **more,
        }


def _try_again(send: Callable[[], Answer]) -> Answer:
    """Tries a repeatable request a few times with growing, jittered waits; limits and lost places go to the caller."""
    wait = _FIRST_WAIT
    for attempt in range(1, _TRIES + 1):
        try:
            return send()
        except (LimitReached, LocatorLost, ConnectionBroken):
            raise
        except RetryLater:
            if attempt == _TRIES:
                raise
        clock.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret
        wait = min(wait * 2, _LONGEST_WAIT)
    raise AssertionError("unreachable")


def _body(answer: Answer, operation: str) -> Any:
    body = answer.json()
    if body is None and answer.content:
        raise RetryLater(f"The answer to {operation} is not JSON.", operation=operation, status=answer.status)
    return body
