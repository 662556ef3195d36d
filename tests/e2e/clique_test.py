#!/usr/bin/env python3
"""Authority chains with real nodes: three signers seal in turn, one is killed and comes back, a vote adds a fourth, a
halt is explained in the log, and `quarry clique recover` leads out of it."""

import json
import os
import pty
import re
import select
import subprocess
import time

from harness import QUARRY, Node, Scenario, check, equal, main, run, wait_until

KEYS = {name: f"{i + 1:02x}" * 32 for i, name in enumerate(["ada", "bob", "cyd", "dot"])}


def account(scene, name):
    """The account of `name` in the keystore of its data dir, with a light key file."""
    datadir, key, word = (os.path.join(scene.folder, name + end) for end in ("", ".key", ".pw"))
    with open(key, "w") as file:
        file.write(KEYS[name])
    with open(word, "w") as file:
        file.write("secret")
    out = run("account", "import", key, "--datadir", datadir, "--password", word, "--lightkdf")
    return "0x" + re.search(r"Address: \{([0-9a-f]{40})\}", out).group(1)


def new_genesis(scene, *flags):
    path = os.path.join(scene.folder, "authorities.json")
    return path, run("genesis", "new", *flags, "--out", path)


def answer_questions(words, talk):
    """Runs a command on a terminal of its own: each question is waited for, then answered."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(QUARRY, [QUARRY, *words])
    said, end = "", time.time() + 120
    expected = [question for question, _ in talk] + [None]
    for question, (_, answer) in zip(expected, talk + [(None, None)]):
        while question is None or question not in said:
            check(select.select([terminal], [], [], max(0, end - time.time()))[0], f"no {question!r} in {said!r}")
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # how Linux tells that the other side is gone
                piece = b""
            if not piece:
                check(question is None, f"ended without {question!r}: {said!r}")
                break
            said += piece.decode()
        if question is not None:
            said = ""
            os.write(terminal, (answer + "\n").encode())
    status = os.waitpid(pid, 0)[1]
    os.close(terminal)
    check(status == 0, f"quarry {' '.join(words)} ended with {status}: {said}")


def signer_node(scene, name, address, genesis):
    run("init", genesis, "--datadir", os.path.join(scene.folder, name))
    flags = ["--unlock", address, "--password", os.path.join(scene.folder, name + ".pw"), "--mine"]
    return Node(scene, name, flags=flags + ["--syncmode", "full"]).start()


def connect(nodes):
    for i, one in enumerate(nodes):
        for other in nodes[:i]:
            one.rpc("admin_addPeer", other.enode())
    wait_until(lambda: all(int(n.rpc("net_peerCount"), 16) == len(nodes) - 1 for n in nodes), 30, "all to be connected")


def signers_of(node, first, last):
    return [node.rpc("clique_getSigner", hex(number)) for number in range(first, last + 1)]


def advance(nodes, blocks, seconds=60):
    """Waits until every node is so many blocks further than the lowest is now."""
    goal = min(node.number() for node in nodes) + blocks
    wait_until(lambda: all(node.alive() and node.number() >= goal for node in nodes), seconds,
               f"block {goal}; the nodes are at {[node.number() for node in nodes]}:\n{nodes[0].log()[-2500:]}")
    return goal


def refused(*args):
    return run(*args, expect=1)


def genesis_files_are_made_and_refused_by_the_byte():
    with Scenario("clique-genesis") as scene:
        address = "0x" + "ab" * 20
        path, out = new_genesis(scene, "--clique", address, "0x" + "cd" * 20, "--period", "3", "--chainid", "77",
                                "--forks", "istanbul", "--fund", "0x" + "ef" * 20 + "=5")
        check("2 of the 2 signers must be running" in out, out)
        with open(path) as file:
            genesis = json.load(file)
        equal(genesis["config"]["clique"], {"period": 3, "epoch": 30000}, "the engine")
        equal(genesis["config"]["istanbulBlock"], 0, "the forks up to istanbul")
        check("berlinBlock" not in genesis["config"], "no fork after istanbul")
        equal(genesis["extraData"], "0x" + "00" * 32 + "ab" * 20 + "cd" * 20 + "00" * 65, "the signers")
        equal(list(genesis["alloc"].items()), [("ef" * 20, {"balance": hex(5 * 10**18)})], "the accounts")
        datadir = os.path.join(scene.folder, "one")
        run("init", path, "--datadir", datadir)
        check("is there already" in refused("genesis", "new", "--ethash", "--out", path), "nothing is overwritten")

        genesis["extraData"] = genesis["extraData"][:-2]
        with open(path, "w") as file:
            json.dump(genesis, file)
        out = refused("init", path, "--datadir", os.path.join(scene.folder, "two"))
        check("at byte 52 signer 2 begins, 20 bytes; the 65 zero bytes that end extraData begin 19 further on" in out, out)

        # The last word is the file, wherever the addresses stop; a broken address is none.
        one, two = "0x" + "12" * 20, "34" * 20
        for words in (["--clique", one, "--chain-id", "5", "--fund", one], ["--clique", one, two, "--chainid", "5"]):
            file = os.path.join(scene.folder, f"last-word-{len(words)}")
            run("genesis", "new", *words, "--period", "1", file)
            with open(file) as read:
                made = json.load(read)
            signers = "12" * 20 + (two if two in words else "")
            equal((made["extraData"], made["config"]["chainId"]), ("0x" + "00" * 32 + signers + "00" * 65, 5), "the file")
        check("is not an address" in refused("genesis", "new", "--clique", one, two[:-1]), "an address lacks a digit")
        check("two files to write to" in refused("genesis", "new", "--jbc", "a", "b"), "one file is written")

        for flags in (["--ethash"], ["--jbc", "--zeros", "4"]):
            text = subprocess.run([QUARRY, "genesis", "new", *flags], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, check=True).stdout
            path = scene.genesis(**json.loads(text)) if flags == ["--ethash"] else os.path.join(scene.folder, "jbc.json")
            with open(path, "w") as file:
                file.write(text)
            run("init", path, "--datadir", os.path.join(scene.folder, flags[0][2:]))
        check("how are blocks made?" in refused("genesis", "new"), "without a terminal it must be told")


def genesis_files_are_made_by_asking():
    """On a terminal everything that was not given is asked for, with a default where there is one."""
    with Scenario("clique-asked") as scene:
        address = "0x" + "ab" * 20
        asked = [
            ("clique", [("How are blocks made", ""), ("Addresses of the signers", f"{address}, {'cd' * 20}"),
                        ("Seconds between blocks", "7"), ("Chain id", "12"), ("All forks up to", ""),
                        ("Accounts that have ether", "")]),
            ("ethash", [("How are blocks made", "ethash"), ("Chain id", ""), ("All forks up to", "byzantium"),
                        ("Accounts that have ether", f"{address}=3")]),
            ("jbc", [("How are blocks made", "jbc"), ("Zeros that a block's hash begins with", "3")]),
        ]
        made = {}
        for engine, talk in asked:
            path = os.path.join(scene.folder, engine + ".json")
            answer_questions(["genesis", "new", path], talk)
            run("init", path, "--datadir", os.path.join(scene.folder, engine))
            with open(path) as file:
                made[engine] = json.load(file)
        equal(made["clique"]["config"]["clique"]["period"], 7, "the period")
        equal(made["clique"]["config"]["chainId"], 12, "the chain's id")
        equal(sorted(made["clique"]["alloc"]), ["ab" * 20, "cd" * 20], "the signers have ether")
        check("londonBlock" in made["clique"]["config"], "the default is london")
        equal(made["ethash"]["alloc"], {"ab" * 20: {"balance": hex(3 * 10**18)}}, "who was named has ether")
        check("constantinopleBlock" not in made["ethash"]["config"], "no fork after byzantium")


def signers_take_turns_vote_halt_and_recover():
    with Scenario("clique") as scene:
        addresses = {name: account(scene, name) for name in KEYS}
        three = [addresses[name] for name in ("ada", "bob", "cyd")]
        genesis, _ = new_genesis(scene, "--clique", *three, "--period", "1", "--chainid", "1999")
        nodes = {name: signer_node(scene, name, addresses[name], genesis) for name in ("ada", "bob", "cyd")}
        ada, bob, cyd = nodes.values()
        connect([ada, bob, cyd])
        equal(ada.rpc("eth_coinbase"), addresses["ada"], "the etherbase is the signer")
        equal(ada.rpc("clique_getSigners"), sorted(three), "the signers")

        # All three seal, and everybody takes it.
        goal = advance([ada, bob, cyd], 8)
        wait_until(lambda: set(signers_of(ada, 1, ada.number())) == set(three), 30, "each to have signed")
        equal(len({n.rpc("eth_getBlockByNumber", hex(goal - 3), False)["hash"] for n in nodes.values()}), 1, "one chain")
        status = ada.rpc("clique_status")
        equal(sum(status["sealingActivity"].values()), status["numBlocks"], "who signed how many")
        settled = int(ada.rpc("eth_getBlockByNumber", "finalized", False)["number"], 16)
        check(2 <= ada.number() - settled <= 4, f"final is 3 / 2 + 1 blocks deep: {settled} of {ada.number()}")

        # One is killed: the two others go on. It comes back, and signs.
        cyd.kill()
        advance([ada, bob], 4)
        since = cyd.start().number()
        connect([ada, bob, cyd])
        wait_until(lambda: addresses["cyd"] in signers_of(ada, since + 2, ada.number()), 40, "cyd to sign again")

        # Two of three let a fourth in.
        dot = signer_node(scene, "dot", addresses["dot"], genesis)
        connect([ada, bob, cyd, dot])
        ada.rpc("clique_propose", addresses["dot"], True)
        equal(ada.rpc("clique_proposals"), {addresses["dot"]: True}, "what ada votes for")
        bob.rpc("clique_propose", addresses["dot"], True)
        wait_until(lambda: addresses["dot"] in dot.rpc("clique_getSigners"), 40, "dot to be let in")
        wait_until(lambda: addresses["dot"] in signers_of(ada, ada.number() - 3, ada.number()), 40, "dot to sign")

        # Two of four are too few: the chain halts, and the log says whom it waits for.
        cyd.kill()
        dot.kill()
        for node in (ada, bob):
            said = node.wait_log(r"No new block: the chain waits for its signers.*", 60).group(0)
        check("not connected" in said and addresses["cyd"] in said and addresses["dot"] in said, said)
        check("3 of the 4 signers must be running" in said, said)

        # They go back to where there were three.
        present = f"{addresses['ada']},{addresses['bob']}"
        heads = set()
        for node in (ada, bob):
            halted = node.number()
            node.stop()
            plan = run("clique", "recover", "--signers", present, "--datadir", node.datadir, "--dry-run")
            check("Would take the chain back" in plan, plan)
            out = run("clique", "recover", "--signers", present, "--datadir", node.datadir)
            heads.add(re.search(r"to block (\d+) \(", out).group(1))
            check(int(max(heads)) < halted, out)
        ada.start()
        bob.start()
        connect([ada, bob])
        advance([ada, bob], 3)
        equal(ada.rpc("clique_getSigners"), sorted(three), "the signers before the vote")


def branches_of_one_weight_converge():
    """EIP-3436 between nodes: three signers of four, each for itself, seal a block 1 of their own out of turn. Without
    it they would stand there for ever, since each has signed on its own branch. Connected, all take the block whose
    signer's turn is longest ago, and go on."""
    with Scenario("clique-eip3436") as scene:
        addresses = {name: account(scene, name) for name in KEYS}
        genesis, _ = new_genesis(scene, "--clique", *addresses.values(), "--period", "1", "--chainid", "1999", "--eip3436")
        first, _absent, third, fourth = sorted(KEYS, key=addresses.get)  # block 1 is the second's turn
        nodes = [signer_node(scene, name, addresses[name], genesis) for name in (first, third, fourth)]
        wait_until(lambda: all(node.number() == 1 for node in nodes), 120, "a block 1 of each")
        equal(len({node.head() for node in nodes}), 3, "three branches")
        connect(nodes)
        goal = advance(nodes, 6, 240)
        for number in (1, goal - 4):
            equal(len({n.rpc("eth_getBlockByNumber", hex(number), False)["hash"] for n in nodes}), 1, f"block {number} on all")
        equal(signers_of(nodes[0], 1, 1), [addresses[third]], "whose turn was longest ago")


if __name__ == "__main__":
    main([genesis_files_are_made_and_refused_by_the_byte, genesis_files_are_made_by_asking, signers_take_turns_vote_halt_and_recover,
          branches_of_one_weight_converge])
