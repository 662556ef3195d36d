#!/usr/bin/env python3
"""A real node and a peer that nobody here wrote (@ethereumjs/devp2p, from npm): it dials us and is dialled by us,
exchanges Status on eth/63 and asks for headers, bodies, receipts and node data."""

import json
import os
import shutil
import subprocess
import sys
import threading

import harness
from harness import FIXTURES, ROOT, Scenario, check, equal, run, wait_until

SOURCE = os.path.join(ROOT, "tests", "e2e", "devp2p")
INSTALLED = os.path.join(ROOT, "build", "devp2p-peer")
CHAIN = os.path.join(FIXTURES, "geth-1.7.3", "empty-12.rlp")
GENESIS = os.path.join(FIXTURES, "geth-1.7.3", "genesis.json")
BLOCKS = 12


def install():
    """Puts the peer and its packages, pinned by the lock file, into the build folder. Says why it cannot."""
    if not shutil.which("npm"):
        return "npm is not installed"
    os.makedirs(INSTALLED, exist_ok=True)
    for name in ("package.json", "package-lock.json", "peer.mjs"):
        shutil.copy(os.path.join(SOURCE, name), INSTALLED)
    lock = open(os.path.join(SOURCE, "package-lock.json")).read()
    stamp = os.path.join(INSTALLED, "installed")
    if os.path.exists(stamp) and open(stamp).read() == lock:
        return None
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=INSTALLED, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )
    if done.returncode != 0:
        return "npm ci failed: " + done.stdout.strip()[-300:]
    with open(stamp, "w") as file:
        file.write(lock)
    return None


class Peer:
    """The foreign peer, as a process that prints a JSON object a line."""

    def __init__(self, facts, *flags, network=1999):
        command = ["node", "peer.mjs", "--network", str(network), "--genesis", facts["genesis"]]
        command += ["--head", facts["head"], "--td", facts["td"], "--blocks", str(BLOCKS), *flags]
        self.events = []
        self.process = subprocess.Popen(
            command, cwd=INSTALLED, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.events.append({"event": "text", "text": line.rstrip()})

    def event(self, name, seconds=20):
        return wait_until(
            lambda: next((e for e in self.events if e["event"] == name), None), seconds,
            f"event {name} of the foreign peer; so far: {self.events}",
        )

    def end(self, expect=0):
        code = self.process.wait(timeout=90)
        self.reader.join()
        equal(code, expect, f"the foreign peer's exit, after {self.events}")


def started(scenario):
    """A node with geth's twelve blocks, and what its Status says."""
    run("init", GENESIS, "--datadir", os.path.join(scenario.folder, "one"))
    run("import", CHAIN, "--datadir", os.path.join(scenario.folder, "one"))
    node = scenario.node("one").start()
    equal(node.number(), BLOCKS, "the imported head")
    latest = node.rpc("eth_getBlockByNumber", "latest", False)
    facts = {
        "genesis": node.rpc("eth_getBlockByNumber", "0x0", False)["hash"],
        "head": latest["hash"],
        "td": str(int(latest["totalDifficulty"], 16)),
    }
    return node, facts


def dial_flags(node):
    return ["--port", str(node.port), "--id", node.rpc("admin_nodeInfo")["id"]]


def check_conversation(peer, facts):
    hello = peer.event("hello")
    check(hello["client"].startswith("Quarry/"), f"the client's name: {hello}")
    equal(hello["version"], 5, "the p2p version")
    equal(sorted(hello["caps"]), [f"eth/{v}" for v in range(62, 69)], "capabilities")
    status = peer.event("status")
    expected = {"event": "status", "version": 63, "network": "1999", "td": facts["td"], "head": facts["head"],
                "genesis": facts["genesis"]}
    equal(status, expected, "the Status")
    peer.end()
    equal(peer.event("headers")["count"], BLOCKS + 1, "headers")
    equal(peer.event("bodies")["count"], BLOCKS, "bodies")
    equal(peer.event("receipts")["count"], BLOCKS, "receipts")
    peer.event("node_data")
    peer.event("done")


def a_foreign_peer_dials_us():
    with Scenario("devp2p") as scenario:
        node, facts = started(scenario)
        check_conversation(Peer(facts, *dial_flags(node)), facts)
        wait_until(lambda: node.rpc("admin_peers") == [], 10, "the peer to be gone")


def we_dial_a_foreign_peer():
    with Scenario("devp2p") as scenario:
        node, facts = started(scenario)
        peer = Peer(facts)
        equal(node.rpc("admin_addPeer", peer.event("listening")["enode"]), True, "admin.addPeer")
        check_conversation(peer, facts)


def a_foreign_peer_of_another_network_is_told():
    with Scenario("devp2p") as scenario:
        node, facts = started(scenario)
        peer = Peer(facts, *dial_flags(node), network=5)
        check("NetworkId mismatch" in peer.event("error")["what"], "the foreign peer names the field")
        equal(peer.event("closed")["reason"], 16, "our reason: subprotocol error")
        peer.end(expect=1)
        reasons = [e["error"] for e in node.rpc("admin_peerErrors")]
        check(any("NetworkId mismatch - 5 (!= 1999)" in reason for reason in reasons), f"admin.peerErrors: {reasons}")
        # The node goes on serving others.
        check_conversation(Peer(facts, *dial_flags(node)), facts)


TESTS = [a_foreign_peer_dials_us, we_dial_a_foreign_peer, a_foreign_peer_of_another_network_is_told]

if __name__ == "__main__":
    missing = None if os.path.exists(CHAIN) else f"no {CHAIN}; set QUARRY_FIXTURES"
    missing = missing or install()
    if missing:
        print(f"SKIPPED: the peer of another make: {missing}")
        print(f"0 passed, 0 failed, {len(TESTS)} skipped")
        sys.exit(0)
    harness.main(TESTS)
