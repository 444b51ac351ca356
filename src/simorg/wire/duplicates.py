"""Duplicate rules on the wire: the header of a caller, and what an error tells of the records that are repeated.

Source: REST API Developer Guide, "Duplicate Rule Header"; Object Reference, DuplicateResult.
"""

import re

from simorg.behaviour.duplicates import DuplicateOptions, Duplicates, Match
from simorg.errors import RowError
from simorg.values import attributes, render_record
from simorg.wire.http import ApiRequest

_HEADER = "sforce-duplicate-rule-header"
#: The versions whose answers misspell the key begin here.
_FIRST_MISSPELT = 48.0


def read_duplicate_options(header: str) -> DuplicateOptions:
    """What the header says: `allowSave=true; includeRecordDetails=true; runAsCurrentUser=true`."""
    parts = (part.partition("=") for part in re.split(r"[;,]", header))
    true = {name.strip().lower() for name, _, value in parts if value.strip().lower() == "true"}
    return DuplicateOptions("allowsave" in true, "includerecorddetails" in true, "runascurrentuser" in true)


def duplicate_options(request: ApiRequest) -> DuplicateOptions:
    """What a request says about duplicates."""
    return read_duplicate_options(request.headers.get(_HEADER, ""))


def show_refusal(error: RowError, request: ApiRequest) -> dict[str, object]:
    """An error where the record was the whole request."""
    if isinstance(error.extra, Duplicates):
        told = show_duplicates(error.extra, request.root)
        return {_key(request): told, "errorCode": error.code, "message": error.message}
    return {"message": error.message, "errorCode": error.code, "fields": list(error.fields)}


def show_item(error: RowError, request: ApiRequest) -> dict[str, object]:
    """An error of one record among several."""
    item = error.as_item()
    if isinstance(error.extra, Duplicates):
        item[_key(request)] = show_duplicates(error.extra, request.root)
    return item


def show_duplicates(found: Duplicates, root: str) -> dict[str, object]:
    """The duplicateResult of what a rule found."""
    return {
        "allowSave": found.allow_save,
        "duplicateRule": found.rule.name,
        "duplicateRuleEntityType": found.rule.object,
        "errorMessage": found.rule.message,
        "matchResults": [_show_match(match, found.include_details, root) for match in found.matches],
    }


def tell_duplicates(found: Duplicates) -> dict[str, object]:
    """The duplicateResult of a SOAP answer, whose records are told by their ids."""
    results = [
        {
            "entityType": match.object.name,
            "matchEngine": "ExactMatchEngine",
            "matchRecords": [
                {"matchConfidence": 100.0, "record": {"type": match.object.name, "Id": row["Id"]}}
                for row in match.records
            ],
            "rule": match.rule,
            "size": match.size,
            "success": True,
        }
        for match in found.matches
    ]
    return {
        "allowSave": found.allow_save,
        "duplicateRule": found.rule.name,
        "duplicateRuleEntityType": found.rule.object,
        "errorMessage": found.rule.message,
        "matchResults": results,
    }


def _show_match(match: Match, whole: bool, root: str) -> dict[str, object]:
    return {
        "entityType": match.object.name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": [
            {
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": 100.0,
                "record": render_record(match.object, row, root)
                if whole
                else {"attributes": attributes(match.object, str(row["Id"]), root), "Id": row["Id"]},
            }
            for row in match.records
        ],
        "rule": match.rule,
        "size": match.size,
        "success": True,
    }


def _key(request: ApiRequest) -> str:
    """The key, which some versions misspell."""
    misspelt = _FIRST_MISSPELT <= request.version < request.org.settings.duplicate_result_spelt_from
    return "duplicateResut" if misspelt else "duplicateResult"
