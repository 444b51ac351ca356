"""The loop that one writes by hand: rows of a table to Salesforce, 200 in a call of sObject Collections.

It knows nothing of conflicts, of lanes, or of what somebody in Salesforce changed meanwhile; with more than one thread
it sends several calls side by side, as a careful script would.
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from simple_salesforce import Salesforce

from bench.fields import API_VERSION
from bench.peers.reach import INSTANCE, fetch_token, open_session

_SIZE = 200
_ROWS = """
SELECT link.record_id, contact.title FROM links link JOIN contacts contact ON contact.id = link.contact_id
WHERE link.object = %s AND contact.title LIKE %s ORDER BY link.record_id
"""
Row = tuple[str, str]


def main() -> None:
    told = json.load(sys.stdin)
    began = time.perf_counter()
    session, _ = open_session(told["org_url"])
    token = fetch_token(told["org_url"], told["client_id"], told["client_secret"])
    salesforce = Salesforce(session_id=token, instance=INSTANCE, session=session, version=API_VERSION)
    batches = []
    with psycopg.connect(told["database_url"]) as connection:
        for name in ("Contact", "Lead"):
            rows = connection.execute(_ROWS, [name, told["title"] + "%"]).fetchall()
            batches += [(name, rows[at : at + _SIZE]) for at in range(0, len(rows), _SIZE)]
    with ThreadPoolExecutor(max_workers=told["threads"]) as pool:
        sent = sum(pool.map(lambda batch: send(salesforce, *batch), batches))
    print(json.dumps({"seconds": time.perf_counter() - began, "sent": sent}), flush=True)


def send(salesforce: Salesforce, object_name: str, rows: Sequence[Row]) -> int:
    """One call; gives how many records the org took.

    Raises:
        SystemExit: the org refused a record.
    """
    records = [{"attributes": {"type": object_name}, "Id": one, "Title": f"{title}, by hand"} for one, title in rows]
    body = json.dumps({"allOrNone": False, "records": records})
    results = salesforce.restful("composite/sobjects", method="PATCH", data=body)
    refused = [one for one in results if not one["success"]]
    if refused:
        sys.exit(f"the org refused {len(refused)} of {len(rows)} records: {refused[0]['errors']}")
    return len(results)


if __name__ == "__main__":
    main()
