#!/usr/bin/env python3
"""Fast sync of a chain full of transactions between two real nodes, killed at several instants: it goes on where it was,
ends at the same head, and answers for every block and transaction."""

import os
import random
import subprocess
import time

from harness import FIXTURES, Scenario, check, equal, main, run, wait_until

CHAIN = os.path.join(FIXTURES, "clique", "clique-2k.rlp.xz")
GENESIS = os.path.join(FIXTURES, "clique", "genesis.json")
HEIGHT = 2000


def server(scene):
    """A node that has the chain."""
    path = os.path.join(scene.folder, "chain.rlp")
    with open(path, "wb") as file:
        subprocess.run(["xz", "-dc", CHAIN], stdout=file, check=True)
    scene.init("server", genesis=GENESIS)
    run("import", path, "--datadir", os.path.join(scene.folder, "server"), timeout=300)
    return scene.node("server").start()


def same_answers(one, two):
    """Blocks, transactions, receipts, logs and balances all over the chain."""
    for number in [1, 2, HEIGHT // 2, HEIGHT - 65, HEIGHT - 64, HEIGHT - 63, HEIGHT]:
        block = one.rpc("eth_getBlockByNumber", hex(number), True)
        equal(two.rpc("eth_getBlockByNumber", hex(number), True), block, f"block {number}")
        for txn in (block["transactions"][0], block["transactions"][-1]):
            for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt"):
                equal(two.rpc(method, txn["hash"]), one.rpc(method, txn["hash"]), f"{method} in block {number}")
        query = {"fromBlock": hex(number), "toBlock": hex(number)}
        equal(two.rpc("eth_getLogs", query), one.rpc("eth_getLogs", query), f"logs of block {number}")
        sender = block["transactions"][0]["from"]
        equal(two.rpc("eth_getBalance", sender, "latest"), one.rpc("eth_getBalance", sender, "latest"), "balance")


def killed_again_and_again():
    with Scenario("fastsync") as scene:
        one = server(scene)
        scene.init("two", genesis=GENESIS)
        two = scene.node("two", flags=["--syncmode", "fast"])
        chance = random.Random(20)
        for _ in range(8):
            two.start()
            before = two.number()
            two.rpc("admin_addPeer", one.enode())
            # No condition is waited for: any instant will do.
            time.sleep(chance.random() * 0.8)
            acknowledged = two.number()
            check(acknowledged >= before, f"the head went back from {before} to {acknowledged}")
            two.kill()
            two.start()
            check(two.number() >= acknowledged, f"the head it acknowledged: {acknowledged}, now {two.number()}")
            two.kill()
        two.start()
        two.rpc("admin_addPeer", one.enode())
        wait_until(lambda: two.alive() and two.head() == one.head(), 180, "equal heads")
        same_answers(one, two)
        two.stop()
        found = run("db", "verify", "--datadir", os.path.join(scene.folder, "two"), timeout=300)
        check("No damage found." in found, found)


if __name__ == "__main__":
    main([killed_again_and_again])
