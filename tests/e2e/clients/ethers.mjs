// What an application does through ethers: node ethers.mjs http|ws|ipc URL KEY. Prints one JSON object; any
// surprise is an exception.

import assert from 'node:assert/strict';
import { ethers } from 'ethers';
import { compile } from './compile.mjs';
import { failure, provoke, soon } from './expect.mjs';

const [transport, url, key] = process.argv.slice(2);
const { Vault } = compile();
const make = {
  http: () => new ethers.JsonRpcProvider(url, undefined, { pollingInterval: 100 }),
  ws: () => new ethers.WebSocketProvider(url),
  ipc: () => new ethers.IpcSocketProvider(url),
};
const provider = make[transport]();
const wallet = new ethers.Wallet(key, provider);

// Deploy, call, and the reason of a revert.
const factory = new ethers.ContractFactory(Vault.abi, Vault.evm.bytecode.object, wallet);
const vault = await (await factory.deploy(42)).waitForDeployment();
assert.equal(await vault.value(), 42n);
assert.equal((await failure(vault.store.staticCall(13, ''))).reason, 'unlucky number');

// Events as they come, by subscription or by filter, and afterwards by range.
const seen = soon('an event', new Promise((resolve) => vault.once('Stored', (...args) => resolve(args[2]))));
const block = soon('a block', new Promise((resolve) => provider.once('block', resolve)));
let stored = 0;
await provoke(Promise.all([seen, block]), async () => {
  await (await vault.store(7, 'watched')).wait();
  ++stored;
});
assert.equal(await seen, 'watched');
assert.ok((await block) > 0);
const logs = await vault.queryFilter(vault.filters.Stored(wallet.address), 0);
assert.deepEqual(logs.map((log) => log.args.note), Array(stored).fill('watched'));

// Nonces: two sent at once, then one too low and one known already.
const nonce = await provider.getTransactionCount(wallet.address, 'pending');
const [one, two] = await Promise.all([nonce, nonce + 1].map((each) => vault.store(100 + each, 'pair', { nonce: each, gasLimit: 200000 })));
await Promise.all([one.wait(), two.wait()]);
assert.equal(await provider.getTransactionCount(wallet.address), nonce + 2);
assert.equal((await failure(vault.store(1, '', { nonce, gasLimit: 200000 }))).code, 'NONCE_EXPIRED');
const poor = new ethers.Wallet('0x' + '77'.repeat(32), provider);
assert.equal((await failure(poor.sendTransaction({ to: wallet.address, value: 1n, gasLimit: 21000 }))).code, 'INSUFFICIENT_FUNDS');

// Prices: from the fee history, and as a legacy transaction.
const history = await provider.send('eth_feeHistory', ['0x4', 'latest', [25, 75]]);
assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
assert.ok(history.reward.every((row) => row.length === 2));
const fees = await provider.getFeeData();
assert.ok(fees.maxFeePerGas > 0n);
const legacy = await (await wallet.sendTransaction({ to: wallet.address, type: 0, gasPrice: fees.gasPrice * 2n, value: 1n })).wait();
assert.equal(legacy.type, 0);

// Many questions at once, which ethers puts into batches over HTTP.
const numbers = await Promise.all(Array.from({ length: 150 }, (_, i) => provider.getBlock(i % 3)));
assert.deepEqual(numbers.map((each) => each.number), Array.from({ length: 150 }, (_, i) => i % 3));
assert.equal((await failure(provider.send('eth_nonsense', []))).code, 'UNSUPPORTED_OPERATION');

const full = await provider.getBlock(legacy.blockNumber, true);
assert.equal(full.prefetchedTransactions.length, full.transactions.length);
console.log(JSON.stringify({ library: 'ethers ' + ethers.version, transport, vault: vault.target }));
process.exit(0);
