"""A first sync as one would write it in an afternoon: requests, one page at a time, sqlite3.

It keeps what the project's own store keeps: each record's JSON, written anew, and the fields that lists are made of."""

import json
import sqlite3
import sys

import requests

ORIGIN, STORE = sys.argv[1:]
HEAD = ["id", "createdDateTime", "lastUpdateDateTime", "displayName", "title", "status", "severity", "classification",
        "determination", "assignedTo", "incidentId", "redirectIncidentId"]

session = requests.Session()
token = session.post(f"{ORIGIN}/tenant/oauth2/v2.0/token", data={"grant_type": "client_credentials"}).json()
session.headers["authorization"] = f"Bearer {token['access_token']}"
db = sqlite3.connect(STORE)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA synchronous = full")
counts = []
for kind, path, top in [("incidents", "incidents", 50), ("alerts", "alerts_v2", 100)]:
    db.execute(f"CREATE TABLE {kind} ({', '.join(HEAD)}, raw, PRIMARY KEY (id))")
    db.execute(f"CREATE INDEX {kind}_newest ON {kind} (lastUpdateDateTime)")
    url = f"{ORIGIN}/v1.0/security/{path}?$orderby=lastUpdateDateTime%20asc&$top={top}"
    places = ", ".join("?" * (len(HEAD) + 1))
    count = 0
    while url:
        answer = session.get(url)
        answer.raise_for_status()
        page = answer.json()
        rows = [[row.get(name) for name in HEAD] + [json.dumps(row)] for row in page["value"]]
        with db:
            db.executemany(f"INSERT OR REPLACE INTO {kind} VALUES ({places})", rows)
        count += len(rows)
        url = page.get("@odata.nextLink")
    counts.append(f"{count} {kind}")
print(", ".join(counts))
