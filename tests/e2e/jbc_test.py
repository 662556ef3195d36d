#!/usr/bin/env python3
"""The JSON-file chain: the tutorial's acceptance steps with real processes, and its own sync in Python."""

import hashlib
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from harness import FIXTURES, QUARRY, Scenario, check, equal, free_ports, main, run, wait_until

JBC = os.path.join(FIXTURES, "jbc")
ZEROS = 4


def get(url, timeout=30):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read()


def post_mined(port, block):
    """What a miner of the tutorial sends; gives the status and the answer."""
    body = block if isinstance(block, bytes) else json.dumps(block).encode()
    request = urllib.request.Request(
        f"http://localhost:{port}/mined", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


# What the tutorial's classes do, in a few lines.
def block_hash(block):
    text = str(block["index"]) + block["prev_hash"] + block["data"] + str(block["timestamp"]) + str(block["nonce"])
    return hashlib.sha256(text.encode()).hexdigest()


def chain_is_valid(blocks, zeros):
    return all(
        int(block["index"]) == int(before["index"]) + 1
        and block["prev_hash"] == before["hash"]
        and block["hash"] == block_hash(block)
        and block["hash"].startswith("0" * zeros)
        for before, block in zip(blocks, blocks[1:])
    )


def mine(before, data, zeros=ZEROS, timestamp="1508900000"):
    block = {"index": str(int(before["index"]) + 1), "timestamp": timestamp, "prev_hash": before["hash"], "data": data}
    nonce = 0
    while True:
        block["nonce"] = str(nonce)
        block["hash"] = block_hash(block)
        if block["hash"].startswith("0" * zeros):
            return block
        nonce += 1


def sync_overall(peers, zeros):
    """The tutorial's: the longest valid chain of all peers that run."""
    best = []
    for peer in peers:
        try:
            blocks = json.loads(get(peer + "blockchain.json"))
        except OSError:
            print(f"    Peer at {peer} not running. Continuing to next peer.")
            continue
        if chain_is_valid(blocks, zeros) and len(blocks) > len(best):
            best = blocks
    return best


class JbcNodes:
    """Nodes that name each other as peers, on ports of their own."""

    def __init__(self, scene, count, source):
        self.scene = scene
        self.ports = free_ports(count)
        self.urls = [f"http://localhost:{port}/" for port in self.ports]
        self.nodes = []
        for i, port in enumerate(self.ports):
            others = ",".join(url for j, url in enumerate(self.urls) if j != i)
            node = scene.node(f"n{i}", flags=["--jbc.peers", others, "--jbc.data", f"Mined by node on port {port}"])
            node.rpc_port = port
            self.nodes.append(node)
        run("migrate", "jbc", source, "--datadir", self.nodes[0].datadir)

    def chain(self, i):
        return json.loads(get(self.urls[i] + "blockchain.json"))


def acceptance_steps():
    with Scenario("jbc-steps") as scene:
        seed = os.path.join(JBC, "zeros4-40")
        many = JbcNodes(scene, 4, seed)
        first, second, third, fourth = many.nodes
        # 1. A node serves the chain it was given.
        first.start()
        equal(many.chain(0), json.load(open(os.path.join(JBC, "blockchain.json"))), "the chain as it was given")
        first.wait_log(r"Peer at http://localhost:\d+/ not running\. Continuing to next peer\.")
        # 2. A node without a chain takes it from the one that runs, though others do not.
        second.start()
        wait_until(lambda: len(many.chain(1)) == 40, 30, "the second node to have the chain")
        equal(get(many.urls[1] + "blockchain.json"), get(many.urls[0] + "blockchain.json"), "the same bytes")
        # 3. One mines, and the others take over what it mined.
        second.mine_to(43)
        wait_until(lambda: many.chain(0) == many.chain(1), 30, "the first node to have the mined blocks")
        check(many.chain(0)[40]["data"] == f"Mined by node on port {many.ports[1]}", "the data that was asked for")
        # 4. The blocks are good by the tutorial's own rules.
        longest = sync_overall(many.urls, ZEROS)
        equal(longest, many.chain(1), "sync_overall's chain")
        # 5. A node that was away catches up, and two that mine agree in the end.
        second.stop()
        first.mine_to(46)
        third.start()
        fourth.start()
        second.start()
        for i in (1, 2, 3):
            wait_until(lambda i=i: many.chain(i) == many.chain(0), 30, f"node {i} to catch up")
        for node in (third, fourth):
            node.rpc("miner_start", 1)
        wait_until(lambda: len(many.chain(2)) > 60, 60, "two miners to find blocks")
        for node in (third, fourth):
            node.rpc("miner_stop")
        first.mine_to(first.number() + 2)  # one more decides between branches of the same length
        wait_until(lambda: len({json.dumps(many.chain(i)) for i in range(4)}) == 1, 60, "all four to agree")
        # 6. What was mined comes out as files that the tutorial's code reads.
        longest = many.chain(3)
        check(chain_is_valid(longest, ZEROS), "the chain of all is valid")
        fourth.stop()
        out = os.path.join(scene.folder, "out")
        run("export", "--format", "jbc", out, "--datadir", fourth.datadir)
        names = sorted(os.listdir(out))
        equal(names[:2] + names[-1:], ["000000.json", "000001.json", f"{len(longest) - 1:06}.json"], "file names")
        equal([json.load(open(os.path.join(out, name))) for name in names], longest, "the files' blocks")
        again = os.path.join(scene.folder, "again")
        run("migrate", "jbc", out, "--datadir", again)
        run("export", "--format", "jbc", out + "2/", "--datadir", again)
        equal(subprocess.run(["diff", "-r", out, out + "2"]).returncode, 0, "a second round gives the same files")


def mined_blocks_are_judged():
    with Scenario("jbc-mined") as scene:
        many = JbcNodes(scene, 1, os.path.join(JBC, "zeros4-40"))
        node, port = many.nodes[0].start(), many.ports[0]
        chain = many.chain(0)
        tip, before = chain[-1], chain[-2]

        def refused(block, reason):
            status, answer = post_mined(port, block)
            check(status == 400 and answer["received"] and not answer["accepted"], f"{status} {answer}")
            check(reason in answer["reason"], f"{reason!r} in {answer['reason']!r}")

        good = mine(tip, "好")
        equal(post_mined(port, good), (200, {"received": True, "accepted": True, "reason": "extended"}), "a block")
        equal(post_mined(port, good)[1]["reason"], "known", "the same again")
        equal(node.rpc("jbc_getBlockByIndex", 40), good, "the block by its index")
        equal(node.rpc("jbc_getBlockByHash", good["hash"]), good, "the block by its hash")
        # A branch of the same length does not count; when it grows longer, it does.
        rival = mine(tip, "rival")
        equal(post_mined(port, rival)[1]["reason"], "side", "a rival")
        equal(many.chain(0)[-1], good, "the first one seen stays")
        heir = mine(rival, "heir")
        equal(post_mined(port, heir)[1]["reason"], "reorganised", "the rival's child")
        equal(many.chain(0)[-2:], [rival, heir], "the longer chain")
        refused({**mine(heir, "x"), "hash": "0" * 64}, "hash: the hash is 0000")
        refused({**mine(heir, "x"), "data": "y"}, "hash: the hash is ")
        refused(mine(heir, "x", zeros=0), "must begin with 4")
        refused(mine({**heir, "hash": "ab" * 32}, "x"), "unknown ancestor")
        refused(mine({**heir, "index": "77"}, "x"), "unknown ancestor")
        refused({**chain[0], "data": "other"}, "block 0 cannot be replaced")
        refused({key: value for key, value in good.items() if key != "nonce"}, 'missing field: there is no "nonce"')
        refused({**good, "nonce": "None"}, "nonce")
        refused(b"[1,2,3]", "not an object")
        refused(b"{", "not JSON")
        check(before == many.chain(0)[38], "nothing else has changed")


def peers_of_another_make():
    """Our node takes the chain of a server that knows nothing but the two paths."""
    with Scenario("jbc-flask") as scene:
        chain = json.load(open(os.path.join(JBC, "blockchain.json")))
        posted, served = [], {"chain": chain[:1]}

        class Peer(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_GET(self):
                self.answer(json.dumps(served["chain"]).encode())

            do_HEAD = do_GET

            def do_POST(self):
                posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(b'{"received": true}')

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served["chain"] = chain[:30]
        dead = free_ports(1)[0]
        peers = f"http://127.0.0.1:{dead}/,http://127.0.0.1:{server.server_port}/"
        node = scene.node("one", flags=["--jbc.peers", peers]).start()
        wait_until(lambda: node.number() == 29, 30, "the peer's chain")
        equal(node.rpc("jbc_zeros"), ZEROS, "zeros inferred from the peer's blocks")
        check("not running. Continuing to next peer." in node.log(), "the dead peer is named")
        # It grows there, and a part of it is bad: the good part is taken.
        served["chain"] = chain[:33] + [{**chain[33], "nonce": "1"}] + chain[34:]
        node.wait_log(r"Peer's chain is not valid.*block 33: hash")
        served["chain"] = chain
        wait_until(lambda: node.number() == 39, 30, "the rest of the peer's chain")
        served["chain"] = chain[:10]  # shorter: ours stays
        time.sleep(2.5)
        equal(node.number(), 39, "our chain stays")
        node.mine_to(41)
        wait_until(lambda: len(posted) >= 2, 20, "our blocks to be posted")
        check(chain_is_valid(chain + posted[:2], ZEROS), "what we posted follows")
        server.shutdown()


def blocks_travel_over_rlpx():
    with Scenario("jbc-rlpx") as scene:
        source = os.path.join(JBC, "unicode-raw")
        one, two = scene.node("one"), scene.node("two")
        run("migrate", "jbc", source, "--datadir", one.datadir)
        run("migrate", "jbc", source, "--datadir", two.datadir, "--zeros", "3")
        one.start()
        one.mine_to(20)
        two.start()
        two.rpc("admin_addPeer", one.enode())
        wait_until(lambda: two.number() >= 20, 60, "the other node to synchronise")
        equal(get(f"http://localhost:{two.rpc_port}/blockchain.json"),
              get(f"http://localhost:{one.rpc_port}/blockchain.json"), "the chain, byte for byte")
        two.mine_to(two.number() + 3)
        wait_until(lambda: one.head() == two.head(), 30, "new blocks to be announced")


def submitted_data_is_mined_in_order():
    with Scenario("jbc-data") as scene:
        one = scene.node("one")
        run("migrate", "jbc", os.path.join(JBC, "seed"), "--datadir", one.datadir, "--zeros", "3")
        one.start()
        texts = ["first", "zweite \u00df", "\U0001f528"]
        for i, text in enumerate(texts):
            equal(one.rpc("jbc_submitData", text), i + 1, "texts that wait")
        equal(one.rpc("jbc_pendingData"), texts, "what waits")
        one.mine_to(7)
        data = [block["data"] for block in one.rpc("jbc_blockchain", 4, 4)]
        equal(data, texts + ["I block #7"], "data of the blocks")
        equal(one.rpc("jbc_pendingData"), [], "nothing waits")
        equal(one.rpc("jbc_getBlockByIndex", 10**9), None, "a block that is not there")


def killed_migrations_go_on():
    with Scenario("jbc-kill") as scene:
        source = os.path.join(scene.folder, "chain")
        shutil.copytree(os.path.join(JBC, "zeros4-40"), source)
        last = json.load(open(os.path.join(source, "000039.json")))
        blocks = {}
        for _ in range(3000):
            last = mine(last, "I block #%d" % (int(last["index"]) + 1), zeros=0)
            blocks[int(last["index"])] = last
        for index, block in blocks.items():
            with open(os.path.join(source, f"{index:06}.json"), "w") as file:
                json.dump(block, file)
        datadir = os.path.join(scene.folder, "data")
        rng = random.Random(4)
        begun = time.time()
        run("migrate", "jbc", source, "--datadir", os.path.join(scene.folder, "whole"), "--zeros", "0")
        whole = time.time() - begun
        for _ in range(12):
            process = subprocess.Popen(
                [QUARRY, "migrate", "jbc", source, "--datadir", datadir, "--zeros", "0"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            time.sleep(rng.random() * whole)
            process.send_signal(signal.SIGKILL)
            process.wait()
        run("migrate", "jbc", source, "--datadir", datadir, "--zeros", "0")
        run("db", "verify", "--deep", "--datadir", datadir)
        for name, folder in (("a", datadir), ("b", os.path.join(scene.folder, "whole"))):
            run("export", "--format", "jbc", os.path.join(scene.folder, name), "--datadir", folder)
        same = subprocess.run(["diff", "-r", os.path.join(scene.folder, "a"), os.path.join(scene.folder, "b")])
        equal(same.returncode, 0, "the same chain as without kills")


if __name__ == "__main__":
    main([
        acceptance_steps,
        mined_blocks_are_judged,
        peers_of_another_make,
        blocks_travel_over_rlpx,
        submitted_data_is_mined_in_order,
        killed_migrations_go_on,
    ])
