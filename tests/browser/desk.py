"""What the page is tested with: a tenant on a socket, and the real program with a new store."""

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "target" / "debug"
# What has not come within these seconds does not come: a busy machine needs long for all else.
HUNG = 300


class Tenant:
    """An Entra and a Graph with one tenant (tests/examples/simulator.rs)."""

    def __init__(self):
        command = [BUILT / "examples" / "simulator", "0"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = json.loads(self.process.stdout.readline())
        self.origin, [tenant] = first["url"], first["tenants"]
        self.tenant_id, self.client_id = tenant["tenantId"], tenant["clientId"]
        self.secret = tenant["clientSecret"]
        self.government = first["government"]

    def replace_secret(self, secret):
        """Entra knows this secret from now on, and no other; Graph takes no token from before."""
        print("replace-secret", self.tenant_id, secret, file=self.process.stdin, flush=True)
        assert json.loads(self.process.stdout.readline()) == {}

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=HUNG) == os.EX_OK


class Desk:
    """A running `soc-anywhere serve` on a port of its own."""

    def __init__(self, tenant, folder):
        self.log = folder / "serve.log"
        environment = {
            "HOME": str(folder),
            "SOC_ANYWHERE_LOGIN_URL": tenant.origin,
            "SOC_ANYWHERE_GRAPH_URL": tenant.origin,
        }
        command = [BUILT / "soc-anywhere", "serve", "--no-simulate", "--port", "0", "--store", folder / "store.db"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        # There is none if it ends before.
        first = self.process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert address, f"no address in {first!r}: {self.log.read_text()}"
        self.origin = address[0]

    def end(self):
        self.process.terminate()
        assert self.process.wait(timeout=HUNG) == os.EX_OK, self.log.read_text()
