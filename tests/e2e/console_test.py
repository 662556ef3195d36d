#!/usr/bin/env python3
"""The console on a real node: the prompt's keys, passphrases, interrupts, pipes, --exec, attach."""

import os
import signal
import stat
import time

from harness import Scenario, check, equal, free_ports, main, run

SECRET = "correct horse"


def node_with_prompt(scene):
    scene.init("data")
    node = scene.node("data", console=True).start()
    node.wait_log(r"modules: admin:1\.0 ")
    node.wait_log(r"> $")
    return node


def prompt_and_its_keys():
    with Scenario("console-keys") as scene:
        node = node_with_prompt(scene)
        # Keys come after the prompt: before it the terminal itself makes a signal of Ctrl-C and drops what it
        # was about to show.
        node.type("eth.blockN\t\n", r"eth\.blockNumber\n0\n> $")
        since = node.mark()
        node.type("half a line\x03", r"\n> $")
        check("To exit" not in node.log()[since:], "Ctrl-C on a line only clears it")
        node.type("1+1\n", r"\n2\n> $")
        node.type("\x03", r"\(To exit, press \^C again or type exit\)")
        node.type("function f(a) {\n", r"\.\.\. $")
        node.type("return a + 1 }; f(41)\n", r"\n42\n")
        node.type("while (true) {}\n")
        time.sleep(0.3)
        node.type("\x03", r"Error: interrupted\n")
        node.type("admin.sleep(100)\n")
        time.sleep(0.3)
        node.type("\x03", r"Error: interrupted\n")
        node.type("setTimeout(function () { console.log('rang') }, 50)\n", r"rang\n> $")
        node.type("f(1)\n", r"\n2\n> $")
        node.type("\x04", r"Blockchain manager stopped")
        equal(node.process.wait(20), 0, "exit code after Ctrl-D")


def secrets_are_kept_nowhere():
    with Scenario("console-secrets") as scene:
        node = node_with_prompt(scene)
        node.type("personal.newAccount()\n", r"Passphrase: $")
        node.type("one\n", r"Repeat passphrase: $")
        node.type("other\n", r"Error: Passphrases do not match")
        node.type("personal.newAccount()\n", r"Passphrase: $")
        node.type(SECRET + "\n", r"Repeat passphrase: $")
        node.type(SECRET + "\n", r'"0x[0-9a-f]{40}"\n')
        node.type("personal.unlockAccount(eth.accounts[0])\n", r"Passphrase: $")
        node.type("wrong\n", r"could not decrypt key with given passphrase")
        check(SECRET not in node.log(), "a passphrase is never shown")
        node.type(f'personal.unlockAccount(eth.accounts[0], "{SECRET}")\n', r"\ntrue\n")
        node.type("personal.listWallets[0].status\n", r'\n"Unlocked"\n')
        node.type("personal.lockAccount(eth.accounts[0])\n", r"\ntrue\n")
        node.type("personal.listWallets[0].status\n", r'\n"Locked"\n')
        node.type("exit\n", r"Blockchain manager stopped")
        node.process.wait(20)
        history = os.path.join(node.datadir, "history")
        equal(stat.S_IMODE(os.stat(history).st_mode), 0o600, "mode of the history")
        with open(history) as file:
            kept = file.read()
        check("personal.newAccount()" in kept, f"statements are kept: {kept}")
        check("horse" not in kept, f"passphrases are not kept: {kept}")
        keys = os.listdir(os.path.join(node.datadir, "keystore"))
        equal(len(keys), 1, "key files")
        equal(stat.S_IMODE(os.stat(os.path.join(node.datadir, "keystore", keys[0])).st_mode), 0o600, "mode of a key")


def attach_exec_and_pipes():
    with Scenario("console-attach") as scene:
        scene.init("data")
        ws_port = free_ports(1)[0]
        node = scene.node("data", flags=["--ws", "--ws.port", str(ws_port), "--ws.api", "*"]).start()
        at = ["attach", "--datadir", node.datadir]
        equal(run(*at, "--exec", "eth.blockNumber"), "0\n", "--exec over IPC")
        url = f"http://127.0.0.1:{node.rpc_port}"
        equal(run("attach", url, "--exec", "net.version"), '"1999"\n', "--exec over HTTP")
        ws = f"ws://127.0.0.1:{ws_port}"
        equal(run("attach", ws, "--exec", "net.version"), '"1999"\n', "--exec over a WebSocket")
        equal(run("attach", ws, "--exec", "var s = 'x'; while (s.length < 100000) s += s; web3.sha3(s).length"), "66\n",
              "a question longer than 64 KiB")
        equal(run("attach", ws, "--exec", "Object.keys(admin.peers).length + eth.getBlock(0).number"), "0\n", "two questions")
        refused = run("attach", f"ws://127.0.0.1:{node.port}", "--exec", "1", expect=1)
        check("is the node running with --ws" in refused, refused)
        equal(run("attach", node.datadir, "--exec", "eth.blockNumber"), "0\n", "a data dir for its socket")
        check(f"quarry attach http://127.0.0.1:{node.rpc_port}" in
              run("attach", f"127.0.0.1:{node.rpc_port}", "--exec", "1", expect=1), "an address for a URL")
        equal(run(*at, "--exec", "nope", expect=1), "ReferenceError: 'nope' is not defined\n    at <anonymous>:1:1\n",
              "a script error, which exits non-zero")
        script = os.path.join(scene.folder, "lib.js")
        with open(script, "w") as file:
            file.write("function twice(n) {\n  return 2 * n;\n}\n")
        equal(run(*at, "--preload", script, "--exec", "twice(21)"), "42\n", "--preload")
        equal(run(*at, "--exec", f'loadScript("{script}"); twice(4)'), "8\n", "loadScript")
        shown = run(*at, stdin="personal.newAccount()\nsecret\nsecret\nfunction f() {\nreturn 7 }\nf()\nexit\n")
        check("\n7\n" in shown and '"0x' in shown, f"statements and passphrases from a pipe:\n{shown}")
        check("secret" not in shown, f"a piped passphrase is not shown:\n{shown}")
        run(*at, stdin="nope\n", expect=1)
        node.stop(signal.SIGTERM)
        gone = run(*at, expect=1)
        with open(script, "a") as file:
            file.write("console.log('height ' + eth.blockNumber + ' ' + twice(3));\n")
        js = ["--datadir", node.datadir, "--port", "0", "--nodiscover", "--verbosity", "1", "js"]
        equal(run(*js, script, script), "height 0 6\n" * 2, "js runs files on a node of its own, and ends")
        with open(script, "a") as file:
            file.write("nope\n")
        check("ReferenceError: 'nope' is not defined" in run(*js, script, expect=1), "an error in a file")
        check("connect: " in gone and "quarry --datadir DIR console" in gone, f"no node to attach to:\n{gone}")


if __name__ == "__main__":
    main([prompt_and_its_keys, secrets_are_kept_nowhere, attach_exec_and_pipes])
