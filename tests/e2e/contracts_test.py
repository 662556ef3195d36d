#!/usr/bin/env python3
"""Contracts by today's compiler (npm's solc, its default settings) on two mining nodes, sent with ethers."""

import json
import os
import re
import subprocess
import sys

from harness import ROOT, Scenario, check, equal, install_packages, main, run, wait_until

SOURCE = os.path.join(ROOT, "tests", "e2e", "clients")
INSTALLED = os.path.join(ROOT, "build", "e2e-clients")

# A key of this test alone, and its address.
KEY = "0x" + "11" * 32
RICH = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
COINBASE = "0x00000000000000000000000000000000000000c0"

FORKS = (
    "homestead eip150 eip155 eip158 byzantium constantinople petersburg istanbul muirGlacier berlin london "
    "arrowGlacier grayGlacier shanghai cancun prague osaka"
).split()


def forks(last):
    """The genesis config with every fork up to `last` at block 0."""
    names = FORKS[: FORKS.index(last) + 1]
    return {"chainId": 1999, **{name + "Block": 0 for name in names}}


def install():
    return install_packages(SOURCE, INSTALLED)


def client(*args, seconds=300):
    done = subprocess.run(
        ["node", "client.mjs", *args], cwd=INSTALLED, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=seconds,
    )
    check(done.returncode == 0, f"the client failed:\n{done.stdout[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def url(node):
    return f"http://127.0.0.1:{node.rpc_port}"


def genesis(scene, last_fork, rich=RICH):
    return scene.genesis(
        config=forks(last_fork), gasLimit="0x1c9c380", alloc={rich: {"balance": "0x3635c9adc5dea00000"}}
    )


def pair(scene, last_fork):
    """Two nodes that know each other; the second mines."""
    path = genesis(scene, last_fork)
    scene.init("a", "b", genesis=path)
    a = scene.node("a").start()
    b = scene.node("b", flags=["--etherbase", COINBASE]).start()
    a.rpc("admin_addPeer", b.enode())
    wait_until(lambda: a.rpc("net_peerCount") == "0x1", 20, "the two nodes to meet")
    b.rpc("miner_start", 1)
    wait_until(lambda: a.alive() and b.alive() and a.number() >= 1, 240, "a first block at both")
    return a, b


def contracts_on_every_fork():
    with Scenario("contracts") as scene:
        a, b = pair(scene, "osaka")
        seen = client("run", KEY, url(a), url(b))
        print("        " + ", ".join(f"{name} {value}" for name, value in seen.items()))
        b.rpc("miner_stop")
        wait_until(lambda: a.head() == b.head(), 30, "both nodes at one head")
        # Who mined got the tips: more than the rewards alone.
        reward = 2 * 10**18
        balance = int(a.rpc("eth_getBalance", COINBASE, "latest"), 16)
        check(balance > reward * a.number(), f"the miner has the tips of the transactions: {balance}")
        equal(a.rpc("txpool_status"), {"pending": "0x0", "queued": "0x0"}, "the pool once all is mined")


def contracts_before_shanghai():
    with Scenario("push0") as scene:
        for last in ("london", "byzantium"):
            name = "old-" + last
            scene.init(name, genesis=genesis(scene, last))
            node = scene.node(name).start()
            seen = client("refused", KEY, url(node))
            check(f"PUSH0 needs Shanghai; this chain is at {last.capitalize()}: set shanghaiBlock" in seen["text"],
                  f"the error says how to switch the fork on: {seen}")
            node.stop()


def contracts_in_the_console():
    """As tutorials have it: eth.contract(abi).new(…, callback), then its methods and events."""
    with Scenario("console") as scene:
        datadir = os.path.join(scene.folder, "one")
        password = os.path.join(scene.folder, "password")
        with open(password, "w") as file:
            file.write("pw\n")
        out = run("account", "new", "--lightkdf", "--password", password, "--datadir", datadir)
        address = "0x" + re.search(r"[0-9a-fA-F]{40}", out).group(0).lower()
        scene.init("one", genesis=genesis(scene, "osaka", address))
        one = scene.node("one", console=True, flags=["--unlock", "0", "--password", password]).start()
        vault = client("compiled")
        script = os.path.join(scene.folder, "deploy.js")
        with open(script, "w") as file:
            file.write(f"""
                var vault = eth.contract({json.dumps(vault["abi"])}).new(42, {{
                  from: eth.accounts[0], data: "{vault["code"]}", gas: "1000000"
                }}, function (error, it) {{
                  if (error) console.log("failed: " + error);
                  else if (it.address) console.log("mined at " + it.address);
                }});""")
        one.type(f'loadScript("{script}")\n', r"\ntrue\n")
        one.type("miner.start(1)\n", r"mined at 0x[0-9a-f]{40}", 240)
        one.type("vault.value()\n", r"\n42\n")
        sent = one.type('vault.store(5, "from a console", {from: eth.accounts[0]})\n', r'\n"(0x[0-9a-f]{64})"\n')
        wait_until(lambda: one.alive() and one.rpc("eth_getTransactionReceipt", sent.group(1)), 60, "the receipt")
        one.type("vault.Stored({}, {fromBlock: 0}).get()[0].args.note\n", r'\n"from a console"\n')
        one.type("vault.stored(eth.accounts[0]).toString()\n", r'\n"1"\n')
        one.type("vault.half(0)\n", r"execution reverted: division or modulo by zero")
        one.type('vault.store(13, "", {from: eth.accounts[0]})\n', r"execution reverted: unlucky number")


TESTS = [contracts_before_shanghai, contracts_on_every_fork, contracts_in_the_console]

if __name__ == "__main__":
    missing = install()
    if missing:
        print(f"SKIPPED: compiler and client of others: {missing}")
        print(f"0 passed, 0 failed, {len(TESTS)} skipped")
        sys.exit(0)
    main(TESTS)
