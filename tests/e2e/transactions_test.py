#!/usr/bin/env python3
"""Transactions between two nodes: gossiped, mined by one, found on both, also after a kill."""

import os
import re
import signal

from harness import Scenario, check, equal, main, run, wait_until

TO = "0x00000000000000000000000000000000000000aa"
FORKS = {"chainId": 1999, "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0,
         "byzantiumBlock": 0}


def two_nodes(scene):
    """The first has an account with 100 ether, unlocked."""
    secret = os.path.join(scene.folder, "secret")
    with open(secret, "w") as file:
        file.write("one\n")
    shown = run("account", "new", "--datadir", os.path.join(scene.folder, "one"), "--lightkdf", "--password", secret)
    sender = "0x" + re.search(r"[0-9a-f]{40}", shown).group(0)
    genesis = scene.genesis(config=FORKS, alloc={sender: {"balance": hex(10**20)}})
    scene.init("one", "two", genesis=genesis)
    flags = ["--lightkdf", "--unlock", sender, "--password", secret]
    return scene.node("one", flags=flags).start(), scene.node("two").start(), sender


def send(node, sender, **more):
    return node.rpc("eth_sendTransaction", {"from": sender, "to": TO, "value": "0x1", "gas": "0x5208", **more})


def pending_on(node, *hashes):
    wait_until(lambda: all(node.rpc("eth_getTransactionByHash", one) for one in hashes), 10,
               f"{node.name} to hear of {len(hashes)} transactions")


def peers_tell_each_other():
    with Scenario("gossip") as scene:
        one, two, sender = two_nodes(scene)
        before = [send(one, sender, gasPrice="0x0"), send(one, sender)]
        two.rpc("admin_addPeer", one.enode())
        pending_on(two, *before)
        pending_on(two, send(one, sender))
        equal(two.rpc("eth_getTransactionCount", sender, "pending"), "0x3", "the next nonce")
        equal(two.rpc("eth_getTransactionReceipt", before[0]), None, "no receipt before it is mined")


def mined_by_one_found_on_both():
    with Scenario("mined") as scene:
        one, two, sender = two_nodes(scene)
        two.rpc("admin_addPeer", one.enode())
        wait_until(lambda: two.rpc("admin_peers"), 10, "a peer")
        sent = [send(one, sender) for _ in range(3)]
        pending_on(two, *sent)
        two.rpc("miner_setEtherbase", TO)
        two.mine_to(1)  # the one that was only told of them
        receipts = wait_until(lambda: (got := [one.rpc("eth_getTransactionReceipt", txn) for txn in sent]) and
                              all(got) and got, 60, "receipts on the other node")
        check(all(receipt["status"] == "0x1" for receipt in receipts), "all succeeded")
        equal([receipt["transactionIndex"] for receipt in receipts], ["0x0", "0x1", "0x2"], "their order")
        equal(receipts, [two.rpc("eth_getTransactionReceipt", txn) for txn in sent], "receipts of both nodes")
        one.stop(signal.SIGKILL)
        one.start()
        equal(one.rpc("eth_getTransactionByHash", sent[2])["blockHash"], receipts[2]["blockHash"], "after a kill")


if __name__ == "__main__":
    main([peers_tell_each_other, mined_by_one_found_on_both])
