#!/usr/bin/env python3
"""`quarry dev` as its users have it: accounts of the well-known phrase, blocks at once, a clock to move."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time

from contracts_test import INSTALLED, install
from harness import QUARRY, RpcError, check, equal, free_ports, main, post, wait_until

FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
FIRST_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
SECOND = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
ETHER = 10**18
# Answers 42 to every call: PUSH1 42 PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN, and what deploys that.
ANSWER_42 = "602a60005260206000f3"
DEPLOY = "0x69" + ANSWER_42 + "600052600a6016f3"


class Dev:
    """One running `quarry dev`."""

    def __init__(self, *flags, env=None, port_flag="--port"):
        (self.port,) = free_ports(1)
        self.log = tempfile.TemporaryFile("w+")
        self.began = time.time()
        self.process = subprocess.Popen(
            [QUARRY, "dev", port_flag, str(self.port), *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **(env or {})},
        )
        wait_until(self.answers, 30, "the first answer")
        self.first_answer = time.time() - self.began

    def answers(self):
        check(self.process.poll() is None, "quarry dev ended")
        try:
            self.rpc("eth_chainId")
            return True
        except OSError:
            return False

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        answer = json.loads(post(self.port, body.encode(), {"Origin": "http://localhost:3000"}))
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def number(self):
        return int(self.rpc("eth_blockNumber"), 16)

    def balance(self, address, at="latest"):
        return int(self.rpc("eth_getBalance", address, at), 16)

    def send(self, **txn):
        return self.rpc("eth_sendTransaction", {"from": FIRST, **txn})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out = self.process.communicate(timeout=30)[0]
        equal(self.process.returncode, 0, "exit code")
        return out


def no_peers(dev):
    check(not dev.rpc("net_listening"), "nobody is listened for")
    info = dev.rpc("admin_nodeInfo")
    equal((info["listenAddr"], info["enodes"], info["ports"]["listener"]), ("", [], 0), "where peers would come")
    check(re.fullmatch(r"enode://[0-9a-f]{128}@.*", info["enode"]), info["enode"])


def accounts_and_blocks(dev):
    accounts = dev.rpc("eth_accounts")
    equal(len(accounts), 10, "accounts")
    equal(accounts[0], FIRST.lower(), "the first account")
    equal(dev.balance(FIRST), 10000 * ETHER, "its balance")
    equal(dev.rpc("eth_chainId"), hex(31337), "chain id")
    equal(dev.number(), 0, "no block before a transaction")
    sent = dev.send(to=SECOND, value=hex(ETHER))
    receipt = dev.rpc("eth_getTransactionReceipt", sent)
    equal(receipt["status"], "0x1", "the receipt is there when the answer is")
    equal(dev.balance(SECOND), 10001 * ETHER, "what was sent arrived")
    deployed = dev.rpc("eth_getTransactionReceipt", dev.send(data=DEPLOY, gas=hex(200000)))["contractAddress"]
    equal(dev.rpc("eth_getCode", deployed, "latest"), "0x" + ANSWER_42, "code")
    equal(int(dev.rpc("eth_call", {"to": deployed}, "latest"), 16), 42, "call")
    equal(dev.number(), 2, "a block each")
    # PUSH0 and MCOPY are there: every fork is on.
    equal(dev.rpc("eth_call", {"data": "0x5f5f5f5e5f5ff3"}, "latest"), "0x", "newest opcodes")
    block = dev.rpc("eth_getBlockByNumber", "pending", True)
    equal(int(block["number"], 16), 3, "pending block")
    equal(block["hash"], None, "it has no hash")


def time_and_snapshots(dev):
    before = dev.number()
    snapshot = dev.rpc("evm_snapshot")
    had = dev.balance(SECOND)
    dev.send(to=SECOND, value=hex(ETHER))
    equal(dev.rpc("evm_increaseTime", 1000), 1000, "seconds in all")
    dev.rpc("evm_mine")
    last = dev.rpc("eth_getBlockByNumber", "latest", False)
    equal(int(last["number"], 16), before + 2, "a block with nothing in it")
    check(int(last["timestamp"], 16) >= int(time.time()) + 998, "the clock was moved")
    dev.rpc("evm_setNextBlockTimestamp", int(last["timestamp"], 16) + 5000)
    dev.rpc("hardhat_mine", "0x3", "0x10")
    times = [int(dev.rpc("eth_getBlockByNumber", hex(before + 3 + i), False)["timestamp"], 16) for i in range(3)]
    equal(times, [int(last["timestamp"], 16) + 5000 + 16 * i for i in range(3)], "times of blocks made")
    equal(dev.rpc("evm_revert", snapshot), True, "revert")
    equal(dev.number(), before, "the head went back")
    equal(dev.balance(SECOND), had, "and the state")
    equal(dev.rpc("evm_revert", snapshot), False, "a snapshot is used up")
    dev.send(to=SECOND, value=hex(ETHER))
    equal(dev.balance(SECOND), had + ETHER, "the chain goes on from there")
    now = int(dev.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    check(abs(now - time.time()) < 60, "the clock went back as well")


def several_together(dev):
    dev.rpc("evm_setAutomine", False)
    before = dev.number()
    nonce = int(dev.rpc("eth_getTransactionCount", FIRST, "pending"), 16)
    had = dev.balance(SECOND)
    for i in range(3):
        dev.send(to=SECOND, value=hex(1), nonce=hex(nonce + i))
    equal(dev.number(), before, "no block of itself")
    equal(int(dev.rpc("eth_getTransactionCount", FIRST, "pending"), 16), nonce + 3, "pending nonce")
    equal(dev.balance(SECOND, "pending"), had + 3, "pending balance")
    equal(int(dev.rpc("eth_getBlockTransactionCountByNumber", "pending"), 16), 3, "pending transactions")
    dev.rpc("evm_mine")
    equal(len(dev.rpc("eth_getBlockByNumber", "latest", False)["transactions"]), 3, "in one block")
    dev.rpc("evm_setAutomine", True)


def state_as_wanted(dev):
    """Balances, nonces, code and slots that nobody sent anything for; accounts that nobody has the key of."""
    other = "0x" + "ab" * 20
    dev.rpc("anvil_setBalance", other, hex(3 * ETHER))
    equal(dev.balance(other), 3 * ETHER, "balance")
    dev.rpc("hardhat_setNonce", other, "0x9")
    equal(dev.rpc("eth_getTransactionCount", other, "latest"), "0x9", "nonce")
    dev.rpc("hardhat_setCode", other, "0x" + ANSWER_42)
    equal(int(dev.rpc("eth_call", {"to": other}, "latest"), 16), 42, "code")
    slot = "0x" + "0" * 63 + "1"
    equal(dev.rpc("hardhat_setStorageAt", other, "0x5", slot), True, "slot set")
    equal(dev.rpc("eth_getStorageAt", other, "0x5", "latest"), slot, "slot")
    # What was set for the next block is the next block's.
    wanted = int(dev.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + 777
    dev.rpc("evm_setNextBlockTimestamp", wanted)
    dev.rpc("anvil_setBalance", SECOND, hex(ETHER))
    try:
        dev.send(**{"from": other, "to": SECOND, "value": hex(ETHER)})
        check(False, "a transaction of an account without a key was taken")
    except RpcError:
        pass
    dev.rpc("hardhat_impersonateAccount", other)
    sent = dev.send(**{"from": other, "to": SECOND, "value": hex(ETHER)})
    receipt = dev.rpc("eth_getTransactionReceipt", sent)
    equal((receipt["status"], receipt["from"]), ("0x1", other), "sent for an account without a key")
    equal(dev.balance(SECOND), 2 * ETHER, "what was sent arrived")
    block = dev.rpc("eth_getBlockByNumber", "latest", False)
    equal(int(block["timestamp"], 16), wanted, "time that was set before")
    traced = dev.rpc("debug_traceTransaction", sent, {"tracer": "callTracer"})
    equal((traced["from"], traced["to"]), (other, SECOND.lower()), "its trace")
    dev.rpc("hardhat_stopImpersonatingAccount", other)
    try:
        dev.send(**{"from": other, "to": SECOND, "value": "0x1"})
        check(False, "the account is impersonated still")
    except RpcError:
        pass
    snapshot = dev.rpc("evm_snapshot")
    dev.rpc("anvil_setBalance", other, "0x0")
    dev.rpc("evm_revert", snapshot)
    check(dev.balance(other) > ETHER, "a change is reverted")
    changed = dev.rpc("debug_getModifiedAccountsByNumber", int(block["number"], 16))
    check(other in changed and SECOND.lower() in changed, f"changed accounts: {changed}")
    dump = dev.rpc("debug_dumpBlock", "latest")
    equal(dump["root"], dev.rpc("eth_getBlockByNumber", "latest", False)["stateRoot"], "the dump's root")
    equal(dump["accounts"][SECOND.lower()]["balance"], str(2 * ETHER), "a balance in the dump")
    page = dev.rpc("debug_accountRange", "latest", "0x", 3)
    equal(len(page["accounts"]), 3, "a page of accounts")
    check("next" in page, "where the next page begins")


def listeners_come_and_go(dev):
    (port,) = free_ports(1)
    try:
        dev.rpc("admin_startWS", "127.0.0.1", port)
        check(False, "WebSocket is served already")
    except RpcError as error:
        check("already running" in str(error), str(error))
    equal(dev.rpc("admin_stopWS"), True, "WebSocket ended")
    equal(dev.rpc("admin_stopWS"), False, "it is ended")
    equal(dev.rpc("admin_startWS", "127.0.0.1", port, "*", "eth,net"), True, "WebSocket elsewhere")
    equal(dev.rpc("admin_stopWS"), True, "it ended too")
    equal(dev.rpc("admin_startWS"), True, "and is back")


CLIENT = """
import { ethers } from 'ethers';
const provider = new ethers.JsonRpcProvider(process.argv[2], undefined, {cacheTimeout: -1});
const wallet = new ethers.Wallet(process.argv[3], provider);
const sent = await wallet.sendTransaction({to: process.argv[4], value: 7n});
const receipt = await sent.wait();
const factory = new ethers.ContractFactory(['function answer() view returns (uint256)'], process.argv[5], wallet);
const contract = await factory.deploy();
await contract.waitForDeployment();
const fees = await provider.getFeeData();
console.log(JSON.stringify({status: receipt.status, answer: Number(await contract.answer()),
                            type: receipt.type, fee: fees.maxFeePerGas !== null}));
process.exit(0);
"""


WS_CLIENT = """
import { ethers } from 'ethers';
import { createTestClient, createPublicClient, http, webSocket, publicActions, walletActions, parseEther } from 'viem';
import { foundry, hardhat } from 'viem/chains';
const [port, second] = process.argv.slice(2);
const socket = new ethers.WebSocketProvider(`ws://127.0.0.1:${port}`);
let head = null;
await socket.on('block', (number) => { head = number; });
const provider = new ethers.JsonRpcProvider(`http://127.0.0.1:${port}`, undefined, {pollingInterval: 50});
const signer = await provider.getSigner();
// The subscription may begin after the first block that follows.
while (head === null) {
  await (await signer.sendTransaction({to: second, value: 1n})).wait();
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const out = {head: head > 0};
for (const [mode, chain, transport] of [['anvil', foundry, webSocket(`ws://127.0.0.1:${port}`)],
                                        ['hardhat', hardhat, http(`http://127.0.0.1:${port}`)]]) {
  const client = createTestClient({mode, chain, transport}).extend(publicActions).extend(walletActions);
  const address = '0x' + (mode === 'anvil' ? 'c1' : 'c2').repeat(20);
  await client.setBalance({address, value: parseEther('2')});
  await client.setCode({address, bytecode: '0x00'});
  await client.setNonce({address, nonce: 5});
  await client.setStorageAt({address, index: 1, value: '0x' + '00'.repeat(31) + '07'});
  await client.impersonateAccount({address});
  const hash = await client.sendTransaction({account: address, to: second, value: 9n});
  const receipt = await client.waitForTransactionReceipt({hash});
  await client.stopImpersonatingAccount({address});
  await client.mine({blocks: 2, interval: 10});
  const id = await client.snapshot();
  await client.increaseTime({seconds: 60});
  await client.revert({id});
  out[mode] = [receipt.status, await client.getTransactionCount({address}),
               await client.getStorageAt({address, slot: '0x1'})];
}
console.log(JSON.stringify(out));
process.exit(0);
"""


def with_sockets_and_viem():
    missing = install()
    check(not missing, missing)
    dev = Dev()
    done = subprocess.run(
        ["node", "--input-type=module", "-", str(dev.port), SECOND],
        input=WS_CLIENT, cwd=INSTALLED, capture_output=True, text=True, timeout=120,
    )
    equal(done.returncode, 0, f"ethers and viem: {done.stderr}")
    slot = "0x" + "0" * 63 + "7"
    equal(
        json.loads(done.stdout),
        {"head": True, "anvil": ["success", 6, slot], "hardhat": ["success", 6, slot]},
        "ethers and viem",
    )
    dev.stop()


def with_ethers():
    missing = install()
    check(not missing, missing)
    dev = Dev()
    done = subprocess.run(
        ["node", "--input-type=module", "-", f"http://127.0.0.1:{dev.port}", FIRST_KEY, SECOND, DEPLOY],
        input=CLIENT, cwd=INSTALLED, capture_output=True, text=True, timeout=120,
    )
    equal(done.returncode, 0, f"ethers: {done.stderr}")
    equal(json.loads(done.stdout), {"status": 1, "answer": 42, "type": 2, "fee": True}, "ethers")
    dev.stop()


def kept_and_thrown_away():
    with tempfile.TemporaryDirectory() as folder:
        dev = Dev(env={"TMPDIR": folder})
        check(os.listdir(folder), "the chain lies in the folder for such")
        out = dev.stop()
        equal(os.listdir(folder), [], "nothing is left behind")
        check(FIRST in out and FIRST_KEY in out, "accounts and keys are printed")
        equal(re.findall(r"Listening on http://127.0.0.1:(\d+)", out), [str(dev.port)], "the address")
        kept = os.path.join(folder, "kept")
        dev = Dev("--datadir", kept, "--accounts", "3", "--balance", "5", "--chain-id", "77")
        equal(len(dev.rpc("eth_accounts")), 3, "accounts asked for")
        equal(dev.balance(FIRST), 5 * ETHER, "balance asked for")
        dev.send(to=SECOND, value=hex(1))
        dev.stop()
        other = subprocess.run([QUARRY, "dev", "--datadir", kept, "--chainid", "78"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, timeout=60)
        check("--chainid is 78, the chain in the data dir" in other.stderr and "has 77" in other.stderr, other.stderr)
        dev = Dev("--datadir", kept)
        equal(dev.number(), 1, "the chain was kept")
        equal(dev.rpc("eth_chainId"), hex(77), "with its id")
        dev.stop()
        dev = Dev("--datadir", kept, "--port", "0", port_flag="--http.port")
        equal(dev.rpc("eth_chainId"), hex(77), "the port for clients, where both are named")
        dev.stop()


def at_intervals():
    dev = Dev("--period", "1")
    dev.send(to=SECOND, value=hex(1))
    wait_until(lambda: dev.number() >= 2, 30, "blocks that nobody asked for")
    dev.stop()


def on_demand():
    dev = Dev()
    print(f"        first answer {dev.first_answer * 1000:.0f} ms after exec")
    no_peers(dev)
    accounts_and_blocks(dev)
    time_and_snapshots(dev)
    several_together(dev)
    state_as_wanted(dev)
    listeners_come_and_go(dev)
    dev.stop()
    dev.log.seek(0)
    log = dev.log.read()
    check("HTTP endpoint opened" in log and "RLPx" not in log and "peers" not in log, log)


if __name__ == "__main__":
    main([on_demand, with_ethers, with_sockets_and_viem, kept_and_thrown_away, at_intervals])
