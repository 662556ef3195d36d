#!/usr/bin/env python3
"""Stock clients against one node, each over HTTP, WebSocket and IPC: ethers, web3.js, viem and Foundry's cast."""

import json
import os
import subprocess
import sys

from contracts_test import COINBASE, INSTALLED, KEY, RICH, genesis, install
from harness import Scenario, check, equal, free_ports, main, wait_until

CAST = os.path.join(INSTALLED, "node_modules", "@foundry-rs", "cast-linux-amd64", "bin", "cast")
OTHER = "0x00000000000000000000000000000000000000aa"
TRANSPORTS = ("http", "ws", "ipc")


class Served:
    """A mining node with every fork on, and its three addresses."""

    def __init__(self, scene):
        (ws_port,) = free_ports(1)
        scene.init("one", genesis=genesis(scene, "osaka"))
        self.node = scene.node(
            "one", flags=["--etherbase", COINBASE, "--ws", "--wsport", str(ws_port), "--wsapi", "*"]
        ).start()
        self.node.rpc("miner_start", 1)
        wait_until(lambda: self.node.alive() and self.node.number() >= 2, 240, "the first blocks")
        self.url = {
            "http": f"http://127.0.0.1:{self.node.rpc_port}",
            "ws": f"ws://127.0.0.1:{ws_port}",
            "ipc": os.path.join(self.node.datadir, "quarry.ipc"),
        }


def run_library(name, served, transport):
    done = subprocess.run(
        ["node", name + ".mjs", transport, served.url[transport], KEY], cwd=INSTALLED, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )
    check(done.returncode == 0, f"{name} over {transport} failed:\n{done.stdout[-3000:]}")
    print("        " + done.stdout.splitlines()[-1])


def library(name):
    def test():
        with Scenario(name) as scene:
            served = Served(scene)
            for transport in TRANSPORTS:
                run_library(name, served, transport)

    test.__name__ = name
    return test


def cast():
    with Scenario("cast") as scene:
        served = Served(scene)
        vault = json.loads(
            subprocess.run(["node", "client.mjs", "compiled"], cwd=INSTALLED, text=True, check=True,
                           stdout=subprocess.PIPE).stdout.splitlines()[-1]
        )
        for transport in TRANSPORTS:
            use_cast(served.url[transport], vault["code"], served.node)
            print(f"        cast over {transport}")


def use_cast(url, code, node):
    def ask(*args, fails=False):
        done = subprocess.run(
            [CAST, args[0], "--rpc-url", url, *args[1:]], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120
        )
        check((done.returncode != 0) == fails, f"cast {' '.join(args)[:200]}:\n{done.stdout}{done.stderr}")
        return (done.stderr if fails else done.stdout).strip()

    equal(ask("chain-id"), "1999", "the chain id")
    nonce = int(ask("nonce", RICH))
    arguments = "000000000000000000000000000000000000000000000000000000000000002a"
    made = json.loads(ask("send", "--private-key", KEY, "--json", "--create", code + arguments))
    address = made["contractAddress"]
    equal(int(ask("nonce", RICH)), nonce + 1, "the nonce after one transaction")
    equal(ask("call", address, "value()(uint256)"), "42", "what the contract keeps")
    check("unlucky number" in ask("call", address, "store(uint256,string)", "13", "", fails=True), "the revert's reason")
    check(int(ask("estimate", "--from", RICH, address, "store(uint256,string)", "7", "note")) > 21000, "an estimate")
    sent = json.loads(ask("send", "--private-key", KEY, "--json", address, "store(uint256,string)", "7", "note"))
    equal(sent["status"], "0x1", "the receipt's status")
    logs = json.loads(ask("logs", "--json", "--from-block", "0", "--address", address))
    equal([log["transactionHash"] for log in logs], [sent["transactionHash"]], "logs by address")
    equal(int(ask("storage", address, "0"), 16), 7, "the first slot")
    check(json.loads(ask("proof", address, "0"))["storageProof"], "a proof")
    check("gas used" in ask("access-list", address, "store(uint256,string)", "8", "", "--from", RICH).lower(), "an access list")
    check(sent["transactionHash"] in ask("block", sent["blockNumber"]), "the block lists the transaction")
    equal(json.loads(ask("tx", "--json", sent["transactionHash"]))["hash"], sent["transactionHash"], "the transaction")
    equal(ask("balance", OTHER), "0", "an empty account's balance")
    check(int(ask("gas-price")) > 0 and int(ask("base-fee")) >= 0, "prices")
    check("Quarry" in ask("client"), "the client's name")
    traced = json.loads(ask("rpc", "debug_traceTransaction", sent["transactionHash"], '{"tracer":"callTracer"}'))
    equal(traced["to"], address.lower(), "the call tracer's answer")


TESTS = [library("ethers"), library("web3"), library("viem"), cast]

if __name__ == "__main__":
    missing = install()
    if missing:
        print(f"SKIPPED: clients of others: {missing}")
        print(f"0 passed, 0 failed, {len(TESTS)} skipped")
        sys.exit(0)
    main(TESTS)
