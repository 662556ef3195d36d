// The same through web3.js 4: node web3.mjs http|ws|ipc URL KEY.

import assert from 'node:assert/strict';
import { Web3 } from 'web3';
import { IpcProvider } from 'web3-providers-ipc';
import { compile } from './compile.mjs';

const [transport, url, key] = process.argv.slice(2);
const { Vault } = compile();
const web3 = new Web3(transport === 'ipc' ? new IpcProvider(url) : url);
web3.eth.transactionPollingInterval = 100;
const me = web3.eth.accounts.wallet.add(key)[0].address;

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('this should have failed');
}

const soon = (what, promise) =>
  Promise.race([
    promise,
    new Promise((_, reject) => setTimeout(() => reject(new Error('waited in vain for ' + what)), 60000)),
  ]);

const factory = new web3.eth.Contract(Vault.abi);
const vault = await factory
  .deploy({ data: '0x' + Vault.evm.bytecode.object.replace(/^0x/, ''), arguments: [42] })
  .send({ from: me, gas: '1000000' });
vault.handleRevert = true;
assert.equal(await vault.methods.value().call(), 42n);
const reverted = await failure(vault.methods.store(13, '').call({ from: me }));
assert.ok(JSON.stringify(reverted, (_, value) => (typeof value === 'bigint' ? String(value) : value)).includes('unlucky number')
  || String(reverted.message).includes('unlucky number') || String(reverted.cause?.message).includes('unlucky number'));

const stored = () => vault.methods.store(7, 'watched').send({ from: me, gas: '200000' });

/// One subscription at a time: over IPC this library drops all but the first notification that comes in one piece.
async function told(what, subscribe) {
  const subscription = await subscribe();
  const first = soon(what, new Promise((resolve) => subscription.once('data', resolve)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await stored();
  const event = await first;
  await subscription.unsubscribe();
  return event;
}

let sent = 1;
if (transport !== 'http') {
  const event = await told('an event', async () => vault.events.Stored({ filter: { who: me } }));
  assert.equal(event.returnValues.note, 'watched');
  assert.ok((await told('a head', () => web3.eth.subscribe('newBlockHeaders'))).number >= 0n);
  assert.match(await told('a pending transaction', () => web3.eth.subscribe('pendingTransactions')), /^0x[0-9a-f]{64}$/);
  sent = 3;
} else {
  await stored();
}
const past = await vault.getPastEvents('Stored', { fromBlock: 0 });
assert.deepEqual(past.map((event) => event.returnValues.note), Array(sent).fill('watched'));

const nonce = await web3.eth.getTransactionCount(me, 'pending');
await web3.eth.sendTransaction({ from: me, to: me, value: '1', gas: '21000', nonce });
const low = await failure(web3.eth.sendTransaction({ from: me, to: me, value: '2', gas: '21000', nonce }, undefined, { checkRevertBeforeSending: false }));
assert.match(String(low.message) + String(low.cause?.message) + String(low.innerError?.message), /nonce too low/);

const history = await web3.eth.getFeeHistory(4, 'latest', [25, 75]);
assert.equal(history.baseFeePerGas.length, 5);
assert.equal(await web3.eth.getUncle('latest', 0), null);
assert.equal(await web3.eth.isSyncing(), false);
assert.equal(typeof (await web3.eth.getNodeInfo()), 'string');
assert.equal(await web3.eth.net.isListening(), true);

const batch = new web3.BatchRequest();
const asked = Array.from({ length: 20 }, (_, i) => batch.add({ jsonrpc: '2.0', id: 1000 + i, method: 'eth_getBalance', params: [me, 'latest'] }));
await batch.execute();
assert.equal(new Set(await Promise.all(asked)).size, 1);

console.log(JSON.stringify({ library: 'web3 ' + Web3.version, transport, subscriptions: sent === 3 }));
process.exit(0);
