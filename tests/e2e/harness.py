"""Runs real quarry processes for the end-to-end tests: start, type, ask, read the log, kill."""

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUARRY = os.environ.get("QUARRY_BINARY", os.path.join(ROOT, "build", "release", "bin", "quarry"))
FIXTURES = os.environ.get("QUARRY_FIXTURES", os.path.join(ROOT, "..", "shared", "fixtures"))
# One gigabyte a file: made once, shared by all tests (the node renames finished files into place).
DAG_DIR = os.environ.get("QUARRY_TEST_DAGDIR", os.path.join(ROOT, "build", "ethash"))

GENESIS = {
    "config": {"chainId": 1999, "homesteadBlock": 0, "eip155Block": 0, "eip158Block": 0},
    "difficulty": "0x20000",
    "gasLimit": "0x2fefd8",
    "alloc": {},
    "timestamp": "0x0",
    "nonce": "0x0000000000000042",
    "coinbase": "0x0000000000000000000000000000000000000000",
    "mixhash": "0x" + "0" * 64,
    "parentHash": "0x" + "0" * 64,
    "extraData": "0x",
}


class Failure(Exception):
    """A check that did not hold."""


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(actual, expected, what):
    check(actual == expected, f"{what}: expected {expected!r}, got {actual!r}")


# A machine busy with other things takes so many times longer than the limits say.
PATIENCE = 6


def wait_until(question, seconds, what):
    """Asks until the answer is true; a test waits for events and never measures speed."""
    seconds *= PATIENCE
    end = time.time() + seconds
    while time.time() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise Failure(f"waited {seconds} s in vain for {what}")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.error = error


def post(port, body, headers=None, timeout=30):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/", body, {"Content-Type": "application/json", **(headers or {})}
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def run(*args, expect=0, stdin=None, timeout=120):
    """Runs one quarry command to its end; returns what it printed on both outputs."""
    done = subprocess.run(
        [QUARRY, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, text=True
    )
    if expect is not None:
        wanted = done.returncode == expect if expect == 0 else done.returncode != 0
        check(wanted, f"quarry {' '.join(args)} exited {done.returncode}:\n{done.stdout}")
    return done.stdout


def install_packages(source, installed):
    """Copies a folder with a package.json into the build folder and has npm put there what its lock file pins, once.
    Says why it cannot."""
    if not shutil.which("npm"):
        return "npm is not installed"
    os.makedirs(installed, exist_ok=True)
    for name in os.listdir(source):
        shutil.copy(os.path.join(source, name), installed)
    with open(os.path.join(source, "package-lock.json")) as file:
        lock = file.read()
    stamp = os.path.join(installed, "installed")
    if os.path.exists(stamp) and open(stamp).read() == lock:
        return None
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=installed, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )
    if done.returncode != 0:
        return "npm ci failed: " + done.stdout.strip()[-300:]
    with open(stamp, "w") as file:
        file.write(lock)
    return None


class Node:
    """One running node. With console=True it has a terminal of its own to type on."""

    def __init__(self, scenario, name, datadir=None, flags=(), console=False, rpc=True, network_id=1999, port=None):
        self.name = name
        self.datadir = datadir or os.path.join(scenario.folder, name)
        self.port, self.rpc_port = free_ports(2)
        self.port = port or self.port
        self.flags = list(flags)
        self.console = console
        self.rpc_on = rpc
        self.network_id = network_id
        self.log_path = os.path.join(scenario.folder, f"{name}.log")
        self.process = None
        self.master = None
        self.typed_at = 0
        scenario.nodes.append(self)

    def command(self):
        out = [QUARRY, "--datadir", self.datadir, "--port", str(self.port), "--networkid", str(self.network_id)]
        out += ["--nodiscover", "--ethash.dagdir", DAG_DIR]
        if self.rpc_on:
            out += ["--rpc", "--rpcapi", "*", "--rpcport", str(self.rpc_port)]
        return out + self.flags + (["console"] if self.console else [])

    def start(self, wait=True):
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.log_file = open(self.log_path, "ab")
        if self.console:
            self.master, slave = pty.openpty()
            self.process = subprocess.Popen(
                self.command(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True, close_fds=True,
                preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
                env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
            )
            os.close(slave)
        else:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=subprocess.STDOUT
            )
        if wait and self.rpc_on:
            wait_until(lambda: self.alive() and self.answers(), 30, f"{self.name} to answer\n{self.log()}")
        return self

    def alive(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.log()}")
        return True

    def answers(self):
        try:
            self.rpc("eth_blockNumber")
            return True
        except OSError:
            return False

    def rpc(self, method, *params, timeout=30):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        answer = json.loads(post(self.rpc_port, body, timeout=timeout))
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def number(self):
        return int(self.rpc("eth_blockNumber"), 16)

    def head(self):
        return self.rpc("eth_getBlockByNumber", "latest", False)["hash"]

    def enode(self):
        return re.sub(r"@.*", f"@127.0.0.1:{self.port}", self.rpc("admin_nodeInfo")["enode"])

    # The log, or all that the terminal showed.
    def pump(self):
        while self.master is not None and select.select([self.master], [], [], 0)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.log_file.write(data)
            self.log_file.flush()

    def log(self):
        self.pump()
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            text = file.read().decode("utf-8", "replace")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][0-9A-B]?|\r", "", text)

    def wait_log(self, pattern, seconds=20, since=0):
        return wait_until(
            lambda: re.search(pattern, self.log()[since:]), seconds,
            f"/{pattern}/ in the log of {self.name}; its end:\n{self.log()[-3000:]}",
        )

    def mark(self):
        return len(self.log())

    def type(self, text, expect=None, seconds=20):
        """Types a line on the terminal; waits for `expect` to be shown after it."""
        since = self.mark()
        os.write(self.master, text.encode())
        if expect is not None:
            return self.wait_log(expect, seconds, since)
        return None

    def stop(self, how=signal.SIGTERM, seconds=30):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            end = time.time() + seconds
            while self.process.poll() is None and time.time() < end:
                self.pump()
                time.sleep(0.02)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
                raise Failure(f"{self.name} did not stop within {seconds} s:\n{self.log()[-3000:]}")
        self.pump()
        if self.master is not None:
            os.close(self.master)
            self.master = None
        return self.process.returncode if self.process else None

    def kill(self):
        self.stop(signal.SIGKILL)

    def mine_to(self, number, seconds=240):
        """Mines until at least `number`; returns the head."""
        self.rpc("miner_start", 1)
        wait_until(lambda: self.alive() and self.number() >= number, seconds, f"{self.name} to mine block {number}")
        self.rpc("miner_stop")
        time.sleep(0.3)  # a block that was found while we asked
        return self.number()


class Scenario:
    """A folder and the nodes in it; everything is stopped and removed at its end."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix=f"quarry-{self.name}-")
        self.nodes = []
        return self

    def __exit__(self, kind, error, trace):
        for node in self.nodes:
            try:
                if node.process and node.process.poll() is None:
                    node.process.kill()
                    node.process.wait()
            except OSError:
                pass
        if error is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"  (kept for a look: {self.folder})")

    def genesis(self, **changes):
        path = os.path.join(self.folder, "PrivateGenesis.json")
        with open(path, "w") as file:
            json.dump({**GENESIS, **changes}, file)
        return path

    def init(self, *names, genesis=None):
        genesis = genesis or self.genesis()
        return [run("init", genesis, "--datadir", os.path.join(self.folder, name)) for name in names]

    def node(self, name, **options):
        return Node(self, name, **options)


def main(tests):
    """Runs the named tests (all without arguments); prints a line each and a last line of counts."""
    wanted = sys.argv[1:]
    passed = failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        begun = time.time()
        try:
            test()
            passed += 1
            print(f"[  OK  ] {test.__name__} ({time.time() - begun:.1f} s)", flush=True)
        except Exception as error:  # noqa: BLE001: whatever it is, the test failed
            failed += 1
            print(f"[ FAIL ] {test.__name__}: {type(error).__name__}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
