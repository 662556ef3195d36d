#!/usr/bin/env python3
"""Filters and subscriptions with others' clients, over WebSocket, HTTP and IPC; tokens and TLS at the real binary."""

import base64
import hashlib
import hmac
import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import contracts_test
from harness import Scenario, check, equal, free_ports, main, run, wait_until

CONFIG = {"chainId": 1999, **{fork + "Block": 0 for fork in
          "homestead eip150 eip155 eip158 byzantium constantinople petersburg istanbul berlin".split()}}


def mining_node(scene, name="one", flags=()):
    scene.init(name, genesis=scene.genesis(config=CONFIG, alloc={contracts_test.RICH: {"balance": hex(10**20)}}))
    ws = free_ports(1)[0]
    return scene.node(name, flags=["--ws", "--wsport", str(ws), "--etherbase", contracts_test.COINBASE, *flags]), ws


def clients_hear_what_happens():
    missing = contracts_test.install()
    if missing:
        print(f"  SKIPPED: {missing}")
        return
    with Scenario("hearing") as scene:
        node, ws = mining_node(scene)
        node.start()
        node.rpc("miner_start", 1)
        done = subprocess.run(
            ["node", "subscriptions.mjs", contracts_test.KEY, f"http://127.0.0.1:{node.rpc_port}", f"ws://127.0.0.1:{ws}",
             os.path.join(node.datadir, "quarry.ipc")],
            cwd=contracts_test.INSTALLED, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1200)
        check(done.returncode == 0, done.stdout[-3000:])
        heard = json.loads(done.stdout.strip().splitlines()[-1])
        for name in ("ethersHead", "web3WsHead", "web3IpcHead"):
            check(heard.pop(name) > 0, f"{name} is a block's number")
        equal(heard, {"ethersPending": True, "ethersLog": 1, "filterPending": True, "filterLog": 2, "filterLogs": True,
                      "web3WsLog": 3, "web3IpcLog": 3}, "what was heard")


def a_reorganisation_reaches_the_filters():
    with Scenario("turned") as scene:
        one, _ = mining_node(scene)
        two, _ = mining_node(scene, "two")
        one.start()
        two.start()
        one.mine_to(2)
        blocks, head = one.rpc("eth_newBlockFilter"), one.number()
        two.mine_to(head + 5)
        one.rpc("admin_addPeer", two.enode())
        wait_until(lambda: one.head() == two.head(), 60, "the longer chain")
        new = [two.rpc("eth_getBlockByNumber", hex(n), False)["hash"] for n in range(1, two.number() + 1)]
        equal(one.rpc("eth_getFilterChanges", blocks), new, "every block of the new branch")


def token(secret, issued):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    text = encode(b'{"alg":"HS256","typ":"JWT"}') + "." + encode(json.dumps({"iat": issued}).encode())
    return text + "." + encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def tokens_and_tls_are_asked_for():
    with Scenario("guarded") as scene:
        secret = os.path.join(scene.folder, "jwt.hex")
        cert, key = os.path.join(scene.folder, "cert.pem"), os.path.join(scene.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                        key, "-out", cert], check=True, capture_output=True)
        node, _ = mining_node(scene, flags=["--rpc.jwtsecret", secret, "--rpc.tls.cert", cert, "--rpc.tls.key", key])
        node.start(wait=False)
        node.wait_log("HTTP endpoint opened")
        with open(secret) as file:
            raw = bytes.fromhex(file.read().strip().removeprefix("0x"))
        equal(os.stat(secret).st_mode & 0o777, 0o600, "the new secret's mode")

        def ask(headers):
            request = urllib.request.Request(
                f"https://127.0.0.1:{node.rpc_port}/",
                b'{"jsonrpc":"2.0","id":1,"method":"admin_datadir","params":[]}',
                {"Content-Type": "application/json", **headers})
            try:
                with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=cert), timeout=20) as got:
                    return got.status, json.loads(got.read())
            except urllib.error.HTTPError as error:
                return error.code, json.loads(error.read())

        status, answer = ask({})
        equal(status, 401, "without a token")
        check("--rpc.jwtsecret" in answer["error"]["message"], answer)
        now = int(time.time())
        equal(ask({"Authorization": "Bearer " + token(raw, now - 120)})[0], 401, "with an old one")
        equal(ask({"Authorization": "Bearer " + token(b"x" * 32, now)})[0], 401, "with another secret's")
        status, answer = ask({"Authorization": "Bearer " + token(raw, now)})
        equal((status, answer.get("result")), (200, node.datadir), "with a good one")
        node.stop()
        shown = run("--datadir", node.datadir, "--rpc", "--rpc.tls.cert", key, "--rpc.tls.key", key,
                    "--port", "0", "--rpcport", "0", expect=1)
        check("key.pem (--rpc.tls.cert)" in shown, shown)


if __name__ == "__main__":
    main([tokens_and_tls_are_asked_for, a_reorganisation_reaches_the_filters, clients_hear_what_happens])
