"""What only SOAP can do: converting a Lead, merging, undeleting (SOAP API Developer Guide, core calls)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from syncline.domain.ids import SalesforceId
from syncline.errors import RemoteRefused, RetryLater
from syncline.salesforce.envelope import build_envelope, find_text, find_texts, local_name, parse_envelope
from syncline.salesforce.failures import remote_error

_PARTNER = "urn:partner.soap.sforce.com"


@dataclass(frozen=True)
class ConvertResult:
    """What a Lead became."""

    lead_id: SalesforceId
    account_id: SalesforceId
    contact_id: SalesforceId
    opportunity_id: SalesforceId | None


@dataclass(frozen=True)
class MergeResult:
    """The master, and the records that were merged into it."""

    id: SalesforceId
    merged_ids: tuple[SalesforceId, ...]


def build_request(operation: str, arguments: Mapping[str, Any], session: str) -> bytes:
    """The envelope of an operation in this session."""
    return build_envelope(_PARTNER, operation, arguments, session)


def convert_request(
    lead_id: str,
    converted_status: str,
    *,
    account_id: str | None = None,
    contact_id: str | None = None,
    owner_id: str | None = None,
    create_opportunity: bool = False,
    overwrite_lead_source: bool = False,
) -> dict[str, Any]:
    """The arguments of convertLead, in the order of the WSDL."""
    return {
        "leadConverts": {
            "accountId": account_id,
            "contactId": contact_id,
            "convertedStatus": converted_status,
            "doNotCreateOpportunity": not create_opportunity,
            "leadId": lead_id,
            "overwriteLeadSource": overwrite_lead_source,
            "ownerId": owner_id,
            "sendNotificationEmail": False,
        }
    }


def merge_request(
    object_name: str, master_id: str, loser_ids: Sequence[str], fields: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of merge."""
    return {
        "request": {
            "masterRecord": {"type": object_name, "Id": master_id, **fields},
            "recordToMergeIds": list(loser_ids),
        }
    }


def read_convert(content: bytes) -> ConvertResult:
    """The result of convertLead.

    Raises:
        RemoteRefused: the Lead was not converted.
    """
    root = read_success(content, "convertLead")
    return ConvertResult(
        lead_id=SalesforceId(find_text(root, "leadId") or ""),
        account_id=SalesforceId(find_text(root, "accountId") or ""),
        contact_id=SalesforceId(find_text(root, "contactId") or ""),
        opportunity_id=SalesforceId(found) if (found := find_text(root, "opportunityId")) else None,
    )


def read_merge(content: bytes) -> MergeResult:
    """The result of merge.

    Raises:
        RemoteRefused: the records were not merged.
    """
    root = read_success(content, "merge")
    return MergeResult(
        SalesforceId(find_text(root, "id") or ""),
        tuple(SalesforceId(one) for one in find_texts(root, "mergedRecordIds")),
    )


def read_success(content: bytes, operation: str) -> ElementTree.Element:
    """The answer to an operation that succeeded.

    Raises:
        RemoteRefused: it did not.
        RetryLater: the answer is not SOAP.
    """
    root = parse_envelope(content)
    if root is None:
        raise RetryLater(f"The answer to {operation} is not SOAP.", operation=operation)
    if any(local_name(one) == "Fault" for one in root.iter()):
        code = (find_text(root, "faultcode") or "").rpartition(":")[2]
        raise remote_error(operation, 500, [{"errorCode": code, "message": find_text(root, "faultstring") or ""}])
    if "false" in find_texts(root, "success"):
        raise RemoteRefused(
            f"Salesforce refuses {operation}: {find_text(root, 'message') or ''}",
            operation=operation,
            code=find_text(root, "statusCode") or "",
        )
    return root


def is_session_fault(content: bytes) -> bool:
    """Whether the session was refused."""
    return b"INVALID_SESSION_ID" in content and b"Fault" in content
