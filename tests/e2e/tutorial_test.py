#!/usr/bin/env python3
"""The two-node tutorial, line by line, with real processes and real proof of work."""

import json
import os
import re
import signal
import time

from harness import RpcError, Scenario, check, equal, main, run, wait_until

PASSPHRASE = "correct horse"


def account(node):
    """An account made without a terminal, as scripts do."""
    path = os.path.join(node.datadir, "..", "passphrase")
    with open(path, "w") as file:
        file.write(PASSPHRASE + "\n")
    out = run("account", "new", "--password", path, "--datadir", node.datadir)
    return "0x" + re.search(r"[0-9a-fA-F]{40}", out).group(0).lower()


def synced(a, b, seconds=60):
    wait_until(lambda: a.alive() and b.alive() and a.head() == b.head(), seconds,
               f"{b.name} to reach the head of {a.name}\n{b.log()[-2500:]}")
    equal(b.number(), a.number(), "block numbers at the same head")


def tutorial_in_two_consoles():
    with Scenario("tutorial") as scene:
        first, second = scene.init("data1", "data2")
        hash_of = lambda text: re.search(r"[0-9a-f]{6}…[0-9a-f]{6}", text).group(0)
        equal(hash_of(first), hash_of(second), "genesis hash of both data dirs")
        check("Byzantium" in first, f"init names the forks left unset:\n{first}")
        check(re.search(r"block time|seconds a block|s a block", first), f"init tells the block time:\n{first}")

        tutorial = ["--maxpeers", "25", "--rpccorsdomain", "*", "--syncmode", "fast", "--cache=1024"]
        one = scene.node("data1", console=True, flags=["--identity", "PrivateETH Node1", *tutorial]).start()
        one.wait_log(r"instance: Quarry/PrivateETH Node1/v")
        one.type("admin.peers\n", r"\[\]")
        one.type("eth.blockNumber\n", r"\n0\n")
        one.type("eth.accounts\n", r"\[\]")
        since = one.mark()
        one.type("miner.start(1)\n", r"etherbase missing: etherbase address must be explicitly specified")
        one.type("personal.newAccount()\n", r"Passphrase: ")
        one.type(PASSPHRASE + "\n", r"Repeat passphrase: ")
        shown = one.type(PASSPHRASE + "\n", r'"(0x[0-9a-f]{40})"')
        check(PASSPHRASE not in one.log()[since:], "the passphrase is never shown")
        equal(one.rpc("eth_accounts"), [shown.group(1)], "eth_accounts")
        one.type("miner.start(1)\n", r"(null|true)\n")
        wait_until(lambda: one.alive() and one.number() >= 12, 240, "12 blocks")
        one.type("miner.stop()\n", r"true\n")
        time.sleep(0.3)
        height = one.number()
        enode = one.type("admin.nodeInfo.enode\n", r'"(enode://[0-9a-f]{128}@\[::\]:\d+\?discport=0)"').group(1)
        equal(int(re.search(r":(\d+)\?", enode).group(1)), one.port, "the port in the enode")

        two = scene.node("data2", console=True, flags=["--identity", "PrivateETH Node2", *tutorial]).start()
        since = two.mark()
        # The very string people copy by mistake: its host is [::].
        two.type(f'admin.addPeer("{enode}")\n', r"true\n")
        two.wait_log(r"\[::\]", 3, since)
        for line in ("Block synchronisation started", "Imported new state entries", "Imported new block headers .*count=",
                     "Imported new chain segment", "Fast sync complete, auto disabling"):
            two.wait_log(line, 30, since)
        synced(one, two)
        two.type("eth.blockNumber\n", rf"\n{height}\n")
        peer = two.rpc("admin_peers")[0]
        check("eth/63" in peer["caps"], f"caps of the peer: {peer}")
        check(peer["name"].startswith("Quarry/PrivateETH Node1/v"), f"name of the peer: {peer}")
        equal(peer["id"], re.search(r"enode://([0-9a-f]{128})", enode).group(1), "id of the peer")
        equal(sorted(peer["network"]), ["localAddress", "remoteAddress"], "network of the peer")
        status = peer["protocols"]["eth"]
        equal(sorted(status), ["difficulty", "head", "version"], "protocols.eth of the peer")
        equal(status["head"], one.head(), "head of the peer")
        # The newest that both speak: 66 while one may still ask for state nodes, which eth/67 has no words for.
        check(status["version"] in (66, 68), f"version of the peer: {status}")

        since = two.mark()
        target = height + 3
        one.type("miner.start(1)\n", r"(null|true)\n")
        wait_until(lambda: two.number() >= target, 120, "blocks mined afterwards")
        two.wait_log(r"Imported new chain segment\s+blocks=1 ", 5, since)
        one.type("miner.stop()\n", r"true\n")
        synced(one, two)
        # And back: node 2 mines with node 1's coinbase, node 1 follows.
        two.rpc("miner_setEtherbase", shown.group(1))
        two.mine_to(two.number() + 2)
        synced(two, one)
        reward = 5 * 10**18
        equal(int(one.rpc("eth_getBalance", shown.group(1), "latest"), 16) % reward % (reward // 32), 0, "rewards")
        one.type("exit\n")
        wait_until(lambda: one.process.poll() is not None, 20, "node 1 to leave its console")
        equal(one.process.returncode, 0, "exit status of a console that was left")
        equal(two.stop(signal.SIGHUP), 0, "exit status after SIGHUP")


def static_and_trusted_nodes():
    with Scenario("static") as scene:
        scene.init("one", "two", "three")
        one = scene.node("one")
        coinbase = account(one)
        one.flags += ["--etherbase", coinbase]
        one.start()
        one.mine_to(3)
        two, three = scene.node("two"), scene.node("three")
        # Node 2: the data dir itself, a trailing comma, and a line that is wrong.
        with open(os.path.join(two.datadir, "static-nodes.json"), "w") as file:
            file.write(f'[\n  "{one.enode()}",\n  "enode://abcd@127.0.0.1:1",\n]\n')
        two.start()
        two.wait_log(r"static-nodes\.json.*line 3|line=3", 5)
        synced(one, two)
        # Node 3: the name one tutorial has, and a trusted node in geth's own folder.
        with open(os.path.join(three.datadir, "static-node.js"), "w") as file:
            json.dump([one.enode()], file)
        os.makedirs(os.path.join(three.datadir, "geth"), exist_ok=True)
        with open(os.path.join(three.datadir, "geth", "trusted-nodes.json"), "w") as file:
            json.dump([one.enode()], file)
        three.start()
        synced(one, three)
        three.rpc("admin_addPeer", two.enode())
        wait_until(lambda: len(three.rpc("admin_peers")) == 2, 10, "three nodes in a triangle")
        # A static node that comes back is found again.
        one.stop()
        one.start()
        wait_until(lambda: len(two.rpc("admin_peers")) >= 2, 40, "node 2 to find node 1 again")
        one.mine_to(one.number() + 2)
        synced(one, two)
        synced(one, three)


def killed_in_the_middle():
    with Scenario("kill") as scene:
        scene.init("one", "two")
        one = scene.node("one", flags=["--syncmode", "fast"])
        coinbase = account(one)
        one.flags += ["--etherbase", coinbase]
        one.start()
        one.mine_to(90)
        two = scene.node("two", flags=["--syncmode", "fast"]).start()
        two.rpc("admin_addPeer", one.enode())
        two.wait_log("Block synchronisation started", 10)
        for pause in (0.0, 0.02, 0.05, 0.1, 0.2):
            time.sleep(pause)
            before = two.number()
            two.kill()
            two.start()
            check(two.number() >= before, f"the head it acknowledged: {before}, after the kill {two.number()}")
            two.rpc("admin_addPeer", one.enode())
        synced(one, two)
        equal(two.rpc("eth_getBalance", coinbase, "latest"), one.rpc("eth_getBalance", coinbase, "latest"), "balance")
        # The miner itself, killed while it mines, keeps what it acknowledged.
        one.rpc("miner_start", 1)
        target = one.number() + 5
        wait_until(lambda: one.number() >= target, 120, "more blocks")
        acknowledged, head = one.number(), one.head()
        one.kill()
        one.start()
        check(one.number() >= acknowledged, "a mined block was lost")
        equal(one.rpc("eth_getBlockByHash", head, False)["hash"], head, "the last acknowledged head")


def verdicts_on_peers():
    with Scenario("verdicts") as scene:
        scene.init("one", "same")
        other = scene.genesis(timestamp="0x1")
        scene.init("other", genesis=other)
        one = scene.node("one").start()
        different_genesis = scene.node("other").start()
        different_network = scene.node("same", network_id=2000).start()

        for peer, field in ((different_genesis, "genesis"), (different_network, "network")):
            since, theirs = one.mark(), peer.mark()
            equal(one.rpc("admin_addPeer", peer.enode()), True, "addPeer")
            one.wait_log(rf"(?i){field}", 3, since)
            peer.wait_log(rf"(?i){field}", 3, theirs)
            reasons = json.dumps(one.rpc("admin_peerErrors")).lower()
            check(field in reasons, f"admin.peerErrors names the {field}: {reasons}")
        check("1999" in json.dumps(one.rpc("admin_peerErrors")), "both values are named")
        equal(one.rpc("admin_peers"), [], "no peer")

        since = one.mark()
        equal(one.rpc("admin_addPeer", one.enode()), True, "addPeer of itself")
        one.wait_log(r"(?i)self", 3, since)
        since = one.mark()
        nobody = re.sub(r":\d+$", ":1", different_network.enode())
        one.rpc("admin_addPeer", nobody)
        one.wait_log(r"(?i)refused", 3, since)
        for bad in ("enode://12@127.0.0.1:1", "http://x", "", 5):
            try:
                one.rpc("admin_addPeer", bad)
                check(False, f"addPeer({bad!r}) should fail")
            except RpcError as error:
                check(error.error["message"], "an error with a text")


def refused_starts():
    with Scenario("refused") as scene:
        scene.init("one")
        one = scene.node("one").start()
        again = run("--datadir", one.datadir, "--port", "0", expect=1)
        check("datadir already used by another process" in again and str(one.process.pid) in again, again)
        genesis = one.rpc("eth_getBlockByNumber", "0x0", False)["hash"]
        one.stop()
        out = run("init", scene.genesis(timestamp="0x9"), "--datadir", one.datadir, expect=1)
        check("database already contains an incompatible genesis block (have " + genesis[2:18] in out, out)
        one.start()
        equal(one.rpc("eth_getBlockByNumber", "0x0", False)["hash"], genesis, "genesis after a refused init")
        two = scene.node("two", port=one.port)
        scene.init("two")
        out = run(*two.command()[1:], expect=1)
        check(str(one.port) in out and "in use" in out, out)
        out = run("–rpc", "--datadir", one.datadir, expect=1)
        check('invalid command: "–rpc"' in out, out)


if __name__ == "__main__":
    main([tutorial_in_two_consoles, static_and_trusted_nodes, killed_in_the_middle, verdicts_on_peers, refused_starts])
