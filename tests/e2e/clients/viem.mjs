// The same through viem: node viem.mjs http|ws|ipc URL KEY.

import assert from 'node:assert/strict';
import { createPublicClient, createWalletClient, defineChain, getContract, http, webSocket } from 'viem';
import { ipc } from 'viem/node';
import { privateKeyToAccount } from 'viem/accounts';
import { compile } from './compile.mjs';
import { failure, provoke, soon } from './expect.mjs';

const [transport, url, key] = process.argv.slice(2);
const { Vault } = compile();
const link = { http: () => http(url, { batch: true }), ws: () => webSocket(url), ipc: () => ipc(url) }[transport]();
const id = await createPublicClient({ transport: link }).getChainId();
const chain = defineChain({ id, name: 'private', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [url] } } });
const client = createPublicClient({ chain, transport: link, pollingInterval: 100 });
const account = privateKeyToAccount(key);
const wallet = createWalletClient({ account, chain, transport: link });
const mined = async (hash) => client.waitForTransactionReceipt({ hash, pollingInterval: 100 });

const bytecode = '0x' + Vault.evm.bytecode.object.replace(/^0x/, '');
const { contractAddress: address } = await mined(await wallet.deployContract({ abi: Vault.abi, bytecode, args: [42n] }));
const vault = getContract({ abi: Vault.abi, address, client: { public: client, wallet } });
assert.equal(await vault.read.value(), 42n);
const reverted = await failure(vault.simulate.store([13n, '']));
assert.equal(reverted.walk((error) => error.reason !== undefined).reason, 'unlucky number');
const custom = await failure(vault.simulate.store([5000n, '']));
assert.equal(custom.walk((error) => error.data?.errorName).data.errorName, 'TooMuch');

let stop = () => {};
const seen = soon('an event', new Promise((resolve) => {
  stop = vault.watchEvent.Stored({ who: account.address }, { onLogs: (logs) => resolve(logs[0].args.note) });
}));
let stored = 0;
await provoke(seen, async () => {
  const gas = await vault.estimateGas.store([7n, 'watched']);
  await mined(await vault.write.store([7n, 'watched'], { gas: gas + 1000n }));
  ++stored;
});
assert.equal(await seen, 'watched');
stop();
const events = await vault.getEvents.Stored({}, { fromBlock: 0n });
assert.deepEqual(events.map((event) => event.args.note), Array(stored).fill('watched'));

const nonce = await client.getTransactionCount({ address: account.address, blockTag: 'pending' });
await mined(await wallet.sendTransaction({ to: account.address, value: 1n, nonce }));
const low = await failure(wallet.sendTransaction({ to: account.address, value: 1n, nonce, gas: 21000n }));
assert.ok(low.walk((error) => error.name === 'NonceTooLowError'), low.message);

const history = await client.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
assert.equal(history.baseFeePerGas.length, 5);
const { accessList } = await client.createAccessList({ account, to: address, data: '0x3fa4f245' });
assert.deepEqual(accessList.map((entry) => entry.address), [address]);
const proof = await client.getProof({ address, storageKeys: ['0x' + '0'.repeat(64)] });
assert.equal(proof.storageProof[0].value, 7n);
const simulated = await client.simulateCalls({ account, calls: [{ to: address, abi: Vault.abi, functionName: 'value' }] });
assert.equal(simulated.results[0].result, 7n);
const numbers = await Promise.all(Array.from({ length: 50 }, (_, i) => client.getBlock({ blockNumber: BigInt(i % 3) })));
assert.equal(numbers.length, 50);
const full = await client.getBlock({ includeTransactions: true });
assert.equal(typeof full.number, 'bigint');

console.log(JSON.stringify({ library: 'viem', transport, proof: proof.accountProof.length }));
process.exit(0);
