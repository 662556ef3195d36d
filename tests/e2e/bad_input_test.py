#!/usr/bin/env python3
"""Bad files, flags and requests: each gets a clear error and costs nothing."""

import gzip
import json
import os
import random
import resource
import socket
import time
import urllib.error

from harness import FIXTURES, GENESIS, RpcError, Scenario, check, equal, main, post, run

EMPTY_12 = os.path.join(FIXTURES, "geth-1.7.3", "empty-12.rlp")
FULL_360 = os.path.join(FIXTURES, "geth-1.7.3", "full-360.rlp")
TIP_12 = "0x882a9610467f590d6286ce12d898cf03a212be8de7b168c2ad1c20aab3626c1b"


def import_export_and_resume():
    with Scenario("import") as scene:
        scene.init("one", "two", "three")
        folder = lambda name: os.path.join(scene.folder, name)
        out = run("import", EMPTY_12, "--datadir", folder("one"))
        check("12" in out, out)
        run("import", EMPTY_12, "--datadir", folder("one"))  # again: all known, no error
        plain, packed, part = folder("all.rlp"), folder("all.rlp.gz"), folder("part.rlp")
        run("export", plain, "--datadir", folder("one"))
        run("export", packed, "--datadir", folder("one"))
        run("export", part, "5", "7", "--datadir", folder("one"))
        with open(plain, "rb") as ours, open(EMPTY_12, "rb") as geths:
            equal(ours.read(), geths.read(), "an export is geth's file, byte for byte")
        with gzip.open(packed) as ours, open(EMPTY_12, "rb") as geths:
            equal(ours.read(), geths.read(), "and so is the packed one")
        check(0 < os.path.getsize(part) < os.path.getsize(plain) / 3, "a part is smaller")
        run("import", packed, "--datadir", folder("two"))
        equal(scene.node("one").start().head(), TIP_12, "head of the imported chain")
        equal(scene.node("two").start().head(), TIP_12, "head of the chain from the packed file")
        out = run("import", part, "--datadir", folder("three"), expect=1)
        check("5" in out and "parent" in out.lower(), out)


def damaged_import_files():
    with open(EMPTY_12, "rb") as file:
        whole = file.read()
    with Scenario("damaged") as scene:
        scene.init("one")
        datadir = os.path.join(scene.folder, "one")
        path = os.path.join(scene.folder, "damaged.rlp")
        rng = random.Random(1)
        cases = [whole[:-1], whole[:1], whole[: len(whole) // 2], b"", b"\xff" * 9, b"\x00" * 100, b"not a chain"]
        for _ in range(25):
            flipped = bytearray(whole)
            flipped[rng.randrange(600, len(whole))] ^= 1 << rng.randrange(8)
            cases.append(bytes(flipped))
        for data in cases:
            with open(path, "wb") as file:
                file.write(data)
            out = run("import", path, "--datadir", datadir, expect=1)
            check("Fatal" in out and "damaged.rlp" in out, f"the error names the file:\n{out}")
        out = run("import", os.path.join(scene.folder, "absent.rlp"), "--datadir", datadir, expect=1)
        check("absent.rlp" in out, out)
        run("import", EMPTY_12, "--datadir", datadir)
        one = scene.node("one").start()
        block = one.rpc("eth_getBlockByNumber", "0xc", False)
        equal(block["hash"], TIP_12, "the good file imports after all the bad ones")


def damaged_transactions():
    """A chain with contracts: bytes flipped behind the first blocks are refused, the whole file imports."""
    with open(FULL_360, "rb") as file:
        whole = file.read()
    with Scenario("transactions") as scene:
        names = [f"n{i}" for i in range(6)]
        scene.init(*names)
        path = os.path.join(scene.folder, "damaged.rlp")
        rng = random.Random(2)
        for name in names:  # a data dir each: blocks that are there already are passed over unread
            datadir = os.path.join(scene.folder, name)
            flipped = bytearray(whole)
            flipped[rng.randrange(len(whole) // 2, len(whole))] ^= 1 << rng.randrange(8)
            with open(path, "wb") as file:
                file.write(flipped)
            out = run("import", path, "--datadir", datadir, expect=1)
            check("Fatal" in out and "damaged.rlp" in out, f"the error names the file:\n{out}")
        run("import", FULL_360, "--datadir", datadir)
        copy = os.path.join(scene.folder, "copy.rlp")
        run("export", copy, "--datadir", datadir)
        with open(copy, "rb") as ours:
            equal(ours.read(), whole, "an export of a chain with transactions is geth's file, byte for byte")


def bad_genesis_files():
    with Scenario("genesis") as scene:
        path = os.path.join(scene.folder, "genesis.json")
        datadir = os.path.join(scene.folder, "one")

        def refused(text, *words):
            with open(path, "w") as file:
                file.write(text if isinstance(text, str) else json.dumps(text))
            out = run("init", path, "--datadir", datadir, expect=1)
            for word in ("Fatal", *words):
                check(word in out, f"{word!r} is missing in:\n{out}")

        for field in ("difficulty", "gasLimit"):
            refused({k: v for k, v in GENESIS.items() if k != field}, f"missing required field '{field}'")
        refused({**GENESIS, "difficulty": "0x2000g"}, "difficulty")
        refused({**GENESIS, "coinbase": "0x123"}, "coinbase")
        refused({**GENESIS, "extraData": "0x123"}, "extraData")
        refused({**GENESIS, "mixhash": "0x12"}, "mix")
        refused({**GENESIS, "alloc": {"0x12": {"balance": "1"}}}, "alloc")
        refused({**GENESIS, "alloc": {"0x" + "1" * 40: {"balance": "-1"}}}, "balance")
        refused({k: v for k, v in GENESIS.items() if k != "config"}, "genesis has no chain configuration")
        refused("{", "genesis.json")
        refused("[" * 100000)
        refused("")
        check(not os.path.exists(os.path.join(datadir, "quarry", "chaindata")), "nothing was written")
        with open(path, "w") as file:
            json.dump({**GENESIS, "difficultie": "0x1"}, file)
        out = run("init", path, "--datadir", datadir)
        check("difficultie" in out, f"an unknown field is named:\n{out}")
        out = run("--datadir", os.path.join(scene.folder, "none"), "--port", "0", expect=1)
        check("quarry init" in out, f"an empty data dir says what to do:\n{out}")


def bad_flags():
    for args, words in ((["--no-such-flag"], ["flag provided but not defined: -no-such-flag"]),
                        (["--port", "x"], ["port"]), (["--port", "70000"], ["port"]),
                        (["nonsense"], ["nonsense"]), (["init"], ["GENESIS"]), (["export"], ["FILE", "file"])):
        out = run(*args, expect=1)
        check(any(word in out for word in words), f"{args}: {out}")
    for command in ("init", "import", "export", "attach", "console", "account", "version"):
        check("--" in run(command, "--help") or command == "version", f"{command} --help")


def hostile_rpc_callers():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Scenario("rpc") as scene:
        scene.init("one")
        one = scene.node("one").start()

        def code_of(body):
            try:
                return json.loads(post(one.rpc_port, body))["error"]["code"]
            except urllib.error.HTTPError as error:
                return error.code

        equal(code_of(b"{"), -32700, "malformed JSON")
        equal(code_of(b"[]"), -32600, "an empty batch")
        equal(code_of(b'{"jsonrpc":"2.0","id":1}'), -32600, "a request without a method")
        check(code_of(b"[" * 1000000) in (-32700, -32600), "deep nesting")
        check(code_of(b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":' + b"[" * 100000) == -32700,
              "deep nesting in params")
        equal(code_of(b" " * 10_000_000), 413, "a body of 10 MB")
        equal(code_of(b'{"jsonrpc":"2.0","id":1,"method":"eth_nope"}'), -32601, "an unknown method")
        equal(code_of(b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[{}]}'), -32602, "bad params")
        batch = [{"jsonrpc": "2.0", "id": i, "method": m} for i, m in enumerate(["eth_blockNumber", "eth_x"])]
        answers = json.loads(post(one.rpc_port, json.dumps(batch).encode()))
        equal([("result" in a) for a in answers], [True, False], "one bad item does not fail a batch")

        # Half a request and then nothing, many times over: the others are served all the same.
        held = []
        for _ in range(min(10000, hard - 200)):
            half = socket.create_connection(("127.0.0.1", one.rpc_port), timeout=5)
            half.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Le")
            held.append(half)
            if len(held) % 1000 == 0:
                equal(one.rpc("eth_blockNumber"), "0x0", f"an answer beside {len(held)} silent callers")
        print(f"  {len(held)} half requests held open")
        time.sleep(0.5)
        equal(one.rpc("eth_blockNumber"), "0x0", "an answer beside all silent callers")
        for half in held:
            half.close()

        # A browser page of another origin, and a rebound host name.
        try:
            post(one.rpc_port, b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}', {"Host": "evil.example"})
            check(False, "a foreign host name must be refused")
        except urllib.error.HTTPError as error:
            equal(error.code, 403, "status for a foreign host")
            check(b"vhosts" in error.read(), "the answer names the flag")
        one.alive()


if __name__ == "__main__":
    main([import_export_and_resume, damaged_import_files, damaged_transactions, bad_genesis_files, bad_flags,
          hostile_rpc_callers])
