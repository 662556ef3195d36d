#!/usr/bin/env python3
"""A real node and peers that nobody here wrote (@ethereumjs/devp2p, from npm): one dials us and is dialled by us,
exchanges Status on each version of eth and asks for headers, bodies, receipts and node data; and peers of old and new
versions at once hear through us of each other's blocks and transactions."""

import json
import os
import subprocess
import sys
import threading
import zlib

import harness
from harness import FIXTURES, ROOT, Scenario, check, equal, run, wait_until

SOURCE = os.path.join(ROOT, "tests", "e2e", "devp2p")
INSTALLED = os.path.join(ROOT, "build", "devp2p-peer")
CHAIN = os.path.join(FIXTURES, "geth-1.7.3", "empty-12.rlp")
GENESIS = os.path.join(FIXTURES, "geth-1.7.3", "genesis.json")
BLOCKS = 12
# A fork ahead, so that a fork id has a next.
NEXT_FORK = 100000
OLD, NEW = 63, (66, 67, 68)
# The eth messages that the tests look at.
NEW_BLOCK_HASHES, TRANSACTIONS, GET_HEADERS, HEADERS, GET_BODIES, BODIES, NEW_BLOCK = 1, 2, 3, 4, 5, 6, 7
NEW_POOLED, GET_POOLED, POOLED, GET_RECEIPTS, RECEIPTS = 8, 9, 10, 15, 16


class Peer:
    """The foreign peer, as a process that prints a JSON object a line."""

    def __init__(self, facts, *flags, network=1999, eth=OLD, fork=None):
        fork = fork or facts["fork"]
        command = ["node", "peer.mjs", "--network", str(network), "--genesis", facts["genesis"]]
        command += ["--head", facts["head"], "--td", facts["td"], "--blocks", str(facts["blocks"]), *flags]
        command += ["--eth", str(eth), "--fork-hash", fork[0], "--fork-next", str(fork[1])]
        self.events = []
        self.eth = eth
        self.process = subprocess.Popen(
            command, cwd=INSTALLED, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
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

    def order(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def send(self, code, payload, request_id=None):
        """`request_id`: of a request or an answer, which has it from eth/66 on."""
        numbered = request_id is not None and self.eth >= 66
        self.order(send=code, payload=[request_id, payload] if numbered else payload)

    def messages(self, code, since=0):
        return [e["payload"] for e in self.events[since:] if e["event"] == "message" and e["code"] == code]

    def message(self, code, since=0, seconds=20):
        return wait_until(
            lambda: next(iter(self.messages(code, since)), None), seconds,
            f"message {code} at the peer of eth/{self.eth}; so far: {self.events}",
        )

    def ask(self, code, payload, answer):
        since = len(self.events)
        self.send(code, payload, "0x1267")
        got = self.message(answer, since)
        if self.eth < 66:
            return got
        equal(got[0], "0x1267", "the answer's request id")
        return got[1]

    def hang_up(self):
        self.process.stdin.close()
        self.end()

    def end(self, expect=0):
        code = self.process.wait(timeout=90)
        self.reader.join()
        equal(code, expect, f"the foreign peer's exit, after {self.events}")


def items(data):
    """The RLP items that lie one after the other in `data`: each whole, and decoded to lists and hex strings."""
    at = 0
    while at < len(data):
        first, begin, length = data[at], at + 1, 0
        if first < 0x80:
            begin = at
            length = 1
        elif (first & 0x3F) < 56:
            length = first & 0x3F
        else:
            begin += (first & 0x3F) - 55
            length = int.from_bytes(data[at + 1:begin], "big")
        payload = data[begin:begin + length]
        value = [v for _, v in items(payload)] if first >= 0xC0 else "0x" + payload.hex()
        yield data[at:begin + length], value
        at = begin + length


def started(scenario, blocks=BLOCKS):
    """A node with the first of geth's twelve blocks, what its Status says, and the other blocks."""
    folder = os.path.join(scenario.folder, "one")
    genesis = json.load(open(GENESIS))
    genesis["config"]["byzantiumBlock"] = NEXT_FORK
    genesis_file = os.path.join(scenario.folder, "genesis.json")
    with open(genesis_file, "w") as file:
        json.dump(genesis, file)
    run("init", genesis_file, "--datadir", folder)
    every = list(items(open(CHAIN, "rb").read()))[1:]  # the first is the genesis
    part = os.path.join(scenario.folder, "part.rlp")
    with open(part, "wb") as file:
        file.write(b"".join(raw for raw, _ in every[:blocks]))
    run("import", part, "--datadir", folder)
    node = scenario.node("one").start()
    equal(node.number(), blocks, "the imported head")
    latest = node.rpc("eth_getBlockByNumber", "latest", False)
    first = node.rpc("eth_getBlockByNumber", "0x0", False)["hash"]
    facts = {
        "genesis": first,
        "head": latest["hash"],
        "td": str(int(latest["totalDifficulty"], 16)),
        "blocks": blocks,
        # EIP-2124: the CRC-32 of the genesis and of the forks passed, and the next one.
        "fork": [f"0x{zlib.crc32(bytes.fromhex(first[2:])):08x}", NEXT_FORK],
        "rest": [block for _, block in every[blocks:]],
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
    expected = {"event": "status", "version": peer.eth, "network": "1999", "td": facts["td"], "head": facts["head"],
                "genesis": facts["genesis"], "fork": facts["fork"] if peer.eth >= 64 else None}
    equal(status, expected, "the Status")
    peer.end()
    equal(peer.event("headers")["count"], BLOCKS + 1, "headers")
    equal(peer.event("bodies")["count"], BLOCKS, "bodies")
    equal(peer.event("receipts")["count"], BLOCKS, "receipts")
    if peer.eth <= 66:
        peer.event("node_data")
    peer.event("done")


def every_version_is_spoken():
    with Scenario("devp2p-versions") as scenario:
        node, facts = started(scenario)
        equal(int(node.rpc("eth_protocolVersion"), 16), 68, "eth_protocolVersion")
        for peer in [Peer(facts, *dial_flags(node), eth=version) for version in (64, 65, *NEW)]:
            check_conversation(peer, facts)


def another_fork_id_is_refused_and_said():
    with Scenario("devp2p-forks") as scenario:
        node, facts = started(scenario)
        wrong = "0xdeadbeef"
        peer = Peer(facts, *dial_flags(node), eth=68, fork=[wrong, 0])
        check("Unknown fork hash" in peer.event("error")["what"], "the foreign peer names the fork hash too")
        peer.end(expect=1)
        ours = f"{facts['fork'][0]}/{NEXT_FORK}"
        said = f"Fork ID rejected - {wrong} (!= {ours}): local incompatible or needs update"
        wait_until(lambda: [e for e in node.rpc("admin_peerErrors") if said in e["error"]], 10, "admin.peerErrors")
        equal(len([line for line in node.log().splitlines() if said in line and line.startswith("WARN")]), 1, "WARN")
        node.wait_log(f"Here: network id 1999, genesis block .*, fork id {ours}. There: .*, fork id {wrong}")
        # A peer of eth/63 says no fork id, and one with the right one is welcome.
        for version in (OLD, 68):
            check_conversation(Peer(facts, *dial_flags(node), eth=version), facts)


def who_needs_a_state_speaks_up_to_eth66():
    """GetNodeData is gone from eth/67 on: a node before its fast sync must not agree on that."""
    with Scenario("devp2p-fast") as scenario:
        node, _ = started(scenario)
        run("init", os.path.join(scenario.folder, "genesis.json"), "--datadir", os.path.join(scenario.folder, "two"))
        young = scenario.node("two", flags=["--syncmode", "fast"]).start()
        equal(int(young.rpc("eth_protocolVersion"), 16), 66, "eth_protocolVersion of a node without a state")
        young.rpc("admin_addPeer", node.enode())
        peers = wait_until(lambda: node.rpc("admin_peers"), 10, "the peer")
        equal(peers[0]["caps"], [f"eth/{v}" for v in range(62, 67)], "its capabilities")
        equal(peers[0]["protocols"]["eth"]["version"], 66, "the negotiated version")
        wait_until(lambda: young.number() == BLOCKS, 30, "the sync")
        wait_until(lambda: int(young.rpc("eth_protocolVersion"), 16) == 68, 10, "eth_protocolVersion after it")
        node.rpc("admin_removePeer", young.enode())
        node.rpc("admin_addPeer", young.enode())
        wait_until(lambda: [p["protocols"]["eth"] for p in node.rpc("admin_peers")
                            if p["protocols"]["eth"] != "handshake" and p["protocols"]["eth"]["version"] == 68], 20, "eth/68")


def number_of(hex_text):
    return int(hex_text, 16) if hex_text != "0x" else 0


def even(number):
    text = f"{number:x}"
    return "0x" + ("0" if len(text) % 2 else "") + text


def hears_of_txn(peer, txn):
    """The peer has the transaction, whole or announced in its version's form; if announced, it can ask for it."""
    def told():
        if any(txn["txn"] in whole for whole in peer.messages(TRANSACTIONS)):
            return "whole"
        return "by hash" if any(txn["hash"] in (m[2] if peer.eth >= 68 else m) for m in peer.messages(NEW_POOLED)) else None
    how = wait_until(told, 20, f"transaction {txn['hash']} at the peer of eth/{peer.eth}; so far {peer.events}")
    if how == "by hash":
        if peer.eth >= 68:
            one = next(m for m in peer.messages(NEW_POOLED) if txn["hash"] in m[2])
            at = one[2].index(txn["hash"])
            equal((one[0][2 + 2 * at:4 + 2 * at], one[1][at]), ("00", even(txn["bytes"])), "the announced type and size")
        equal(peer.ask(GET_POOLED, [txn["hash"]], POOLED), [txn["txn"]], "the transaction, fetched")
    return how


def hears_of_block(peer, block_hash, header, td):
    def told():
        if any(m[0][0] == header and number_of(m[1]) == td for m in peer.messages(NEW_BLOCK)):
            return "whole"
        return "by hash" if any(m[0][0] == block_hash for m in peer.messages(NEW_BLOCK_HASHES)) else None
    how = wait_until(told, 20, f"block {block_hash} at the peer of eth/{peer.eth}; so far {peer.events}")
    equal(peer.ask(GET_HEADERS, [block_hash, "0x01", "0x", "0x"], HEADERS), [header], "its header")
    equal(peer.ask(GET_BODIES, [block_hash], BODIES), [[[], []]], "its body")
    return how


def signed(peer, nonce, data=0):
    peer.order(sign={"nonce": nonce, "data": data})
    return wait_until(
        lambda: next((e for e in peer.events if e["event"] == "signed" and e["nonce"] == nonce), None), 10, "a signature"
    )


def hash_of(peer, header):
    peer.order(hash=header)
    return peer.event("hashed")["hash"]


def announce(peer, txn, kind="0x00", size=None):
    size = even(size or txn["bytes"])
    peer.send(NEW_POOLED, [kind, [size], [txn["hash"]]] if peer.eth >= 68 else [txn["hash"]])


def asked_for(peer, txn, seconds=20):
    """The node's GetPooledTransactions for this one: its request id."""
    request = wait_until(
        lambda: next((m for m in peer.messages(GET_POOLED) if txn["hash"] in (m[1] if peer.eth >= 66 else m)), None),
        seconds, f"GetPooledTransactions at the peer of eth/{peer.eth}; so far {peer.events}",
    )
    return request[0]


def old_and_new_peers_hear_of_each_other_through_us():
    """A geth 1.7.3 speaks eth/63, one of 2022 eth/66 to 68: all on one network."""
    with Scenario("devp2p-mixed") as scenario:
        node, facts = started(scenario, BLOCKS - 2)
        dial = [*dial_flags(node), "--driven", "--key", "11" * 32]
        peers = {version: Peer(facts, *dial, eth=version) for version in (OLD, *NEW)}
        for version, peer in peers.items():
            equal(peer.event("status")["version"], version, "the negotiated version")
        wait_until(lambda: len(node.rpc("admin_peers")) == len(peers), 10, "all peers")
        versions = sorted(p["protocols"]["eth"]["version"] for p in node.rpc("admin_peers"))
        equal(versions, sorted(peers), "admin.peers")
        old, late = peers[OLD], peers[68]

        # A transaction from the old one, whole as it knows nothing else: the others hear in their own forms.
        txn = signed(old, 0)
        old.send(TRANSACTIONS, [txn["txn"]])
        hows = [hears_of_txn(peers[version], txn) for version in NEW]
        equal(sorted(hows), ["by hash", "by hash", "whole"], "whole to the square root of them")
        # A long one is announced only.
        txn = signed(old, 1, data=5000)
        old.send(TRANSACTIONS, [txn["txn"]])
        equal({hears_of_txn(peers[version], txn) for version in NEW}, {"by hash"}, "a long transaction")

        # One that the newest announces is fetched from it, and comes to the old one whole.
        txn = signed(old, 2)
        announce(late, txn)
        late.send(POOLED, [txn["txn"]], asked_for(late, txn))
        equal(hears_of_txn(old, txn), "whole", "a transaction for the old peer")
        # The first that announced it does not deliver: the second is asked.
        txn = signed(old, 3)
        announce(peers[66], txn)
        asked_for(peers[66], txn)
        announce(peers[67], txn)
        peers[67].send(POOLED, [txn["txn"]], asked_for(peers[67], txn))
        equal(hears_of_txn(old, txn), "whole", "a transaction that one peer withheld")
        equal([number_of(node.rpc("txpool_status")[k]) for k in ("pending", "queued")], [4, 0], "the pool")

        # A block from the old one, then one that the newest only announces.
        td = int(facts["td"])
        (header, transactions, ommers), second = facts["rest"]
        td += number_of(header[7])
        old.send(NEW_BLOCK, [[header, transactions, ommers], even(td)])
        wait_until(lambda: node.number() == BLOCKS - 1, 20, "the first block")
        hows = [hears_of_block(peers[version], node.head(), header, td) for version in NEW]
        equal(sorted(hows), ["by hash", "by hash", "whole"], "whole to the square root of them")
        td += number_of(second[0][7])
        last = hash_of(late, second[0])
        late.send(NEW_BLOCK_HASHES, [[last, even(BLOCKS)]])
        request = late.message(GET_HEADERS)
        equal(request[1][0], last, "the header that is asked for")
        late.send(HEADERS, [second[0]], request[0])
        request = late.messages(GET_BODIES)
        if request:
            late.send(BODIES, [second[1:]], request[0][0])
        wait_until(lambda: node.number() == BLOCKS, 20, "the second block")
        for version in (OLD, 66, 67):
            hears_of_block(peers[version], last, second[0], td)
        equal(old.ask(GET_RECEIPTS, [last], RECEIPTS), [[]], "receipts, asked as before eth/66")
        equal(late.ask(GET_RECEIPTS, [last], RECEIPTS), [[]], "receipts, asked by number")

        # Announced as something else than what is delivered: EIP-5793 wants it disconnected.
        txn = signed(old, 4)
        announce(late, txn, size=txn["bytes"] + 100)
        late.send(POOLED, [txn["txn"]], asked_for(late, txn))
        late.end(expect=1)
        reasons = [e["error"] for e in node.rpc("admin_peerErrors")]
        said = f"with {txn['bytes'] + 100} bytes and delivered {txn['bytes']}"
        check(any(said in reason for reason in reasons), f"admin.peerErrors: {reasons}")
        for version in (OLD, 66, 67):
            peers[version].hang_up()


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


TESTS = [
    a_foreign_peer_dials_us, we_dial_a_foreign_peer, a_foreign_peer_of_another_network_is_told, every_version_is_spoken,
    another_fork_id_is_refused_and_said, who_needs_a_state_speaks_up_to_eth66,
    old_and_new_peers_hear_of_each_other_through_us,
]

if __name__ == "__main__":
    missing = None if os.path.exists(CHAIN) else f"no {CHAIN}; set QUARRY_FIXTURES"
    missing = missing or harness.install_packages(SOURCE, INSTALLED)
    if missing:
        print(f"SKIPPED: the peer of another make: {missing}")
        print(f"0 passed, 0 failed, {len(TESTS)} skipped")
        sys.exit(0)
    harness.main(TESTS)
