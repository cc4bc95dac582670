"""The same by Microsoft's own SDK: msgraph-sdk's typed models, one page at a time, sqlite3."""

import asyncio
import json
import sqlite3
import sys

import requests
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph import GraphRequestAdapter, GraphServiceClient

ORIGIN, STORE = sys.argv[1:]


class Token(AuthenticationProvider):
    def __init__(self):
        answer = requests.post(f"{ORIGIN}/tenant/oauth2/v2.0/token", data={"grant_type": "client_credentials"})
        self.token = answer.json()["access_token"]

    async def authenticate_request(self, request, additional_authentication_context=None):
        request.headers.add("authorization", f"Bearer {self.token}")


def text(record):
    writer = JsonSerializationWriter()
    writer.write_object_value(None, record)
    return writer.get_serialized_content().decode()


async def main():
    adapter = GraphRequestAdapter(Token())
    adapter.base_url = f"{ORIGIN}/v1.0"
    security = GraphServiceClient(request_adapter=adapter).security
    db = sqlite3.connect(STORE)
    db.execute("PRAGMA journal_mode = wal")
    db.execute("PRAGMA synchronous = full")
    counts = []
    for kind, builder, top in [("incidents", security.incidents, 50), ("alerts", security.alerts_v2, 100)]:
        db.execute(f"CREATE TABLE {kind} (id, updated, status, severity, raw, PRIMARY KEY (id))")
        first = f"{ORIGIN}/v1.0/security/{'incidents' if kind == 'incidents' else 'alerts_v2'}"
        page = await builder.with_url(f"{first}?$orderby=lastUpdateDateTime%20asc&$top={top}").get()
        count = 0
        while page:
            rows = [(row.id, str(row.last_update_date_time), str(row.status), str(row.severity), text(row))
                    for row in page.value]
            with db:
                db.executemany(f"INSERT OR REPLACE INTO {kind} VALUES (?, ?, ?, ?, ?)", rows)
            count += len(rows)
            link = page.odata_next_link
            page = await builder.with_url(link).get() if link else None
        counts.append(f"{count} {kind}")
    print(", ".join(counts))


asyncio.run(main())
