"""What the store alone costs whoever it is: the same number of rows, of the same size, out of memory into one SQLite
table without an index, a durable transaction for each page."""

import sqlite3
import sys

STORE, INCIDENTS, ALERTS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# The mean of the simulator's rows, in bytes.
SIZES = {"incident": 850, "alert": 4190}

db = sqlite3.connect(STORE, isolation_level=None)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA synchronous = full")
db.execute("CREATE TABLE records (id TEXT PRIMARY KEY, raw TEXT)")
for kind, count, top in [("incident", INCIDENTS, 50), ("alert", ALERTS, 100)]:
    for first in range(0, count, top):
        rows = [(f"{kind}{number}", "x" * SIZES[kind]) for number in range(first, min(first + top, count))]
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO records VALUES (?, ?)", rows)
        db.execute("COMMIT")
print(f"{INCIDENTS} incidents, {ALERTS} alerts")
