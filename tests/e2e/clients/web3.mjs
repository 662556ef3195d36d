// The same through web3.js 4: node web3.mjs http|ws|ipc URL KEY.

import assert from 'node:assert/strict';
import { Web3 } from 'web3';
import { IpcProvider } from 'web3-providers-ipc';
import { compile } from './compile.mjs';
import { failure, soon } from './expect.mjs';

const [transport, url, key] = process.argv.slice(2);
const { Vault } = compile();
const web3 = new Web3(transport === 'ipc' ? new IpcProvider(url) : url);
web3.eth.transactionPollingInterval = 100;
web3.eth.transactionBlockTimeout = 1000;  // easy blocks come by the dozen
const me = web3.eth.accounts.wallet.add(key)[0].address;

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

/// Each subscription has a connection of its own: of what reads from an IPC socket in one piece, this library drops all
/// that comes after a notification, answers included.
async function told(what, subscribe) {
  const listener = transport === 'ipc' ? new Web3(new IpcProvider(url)) : web3;
  const subscription = await subscribe(listener);
  const first = soon(what, new Promise((resolve) => subscription.once('data', resolve)));
  await stored();
  const event = await first;
  if (transport === 'ipc') listener.provider.disconnect();
  else await subscription.unsubscribe();
  return event;
}

function watched(on) {
  const subscription = new on.eth.Contract(Vault.abi, vault.options.address).events.Stored({ filter: { who: me } });
  return new Promise((resolve) => subscription.once('connected', () => resolve(subscription)));
}

let sent = 1;
if (transport !== 'http') {
  const event = await told('an event', watched);
  assert.equal(event.returnValues.note, 'watched');
  assert.ok((await told('a head', (on) => on.eth.subscribe('newBlockHeaders'))).number >= 0n);
  assert.match(await told('a pending transaction', (on) => on.eth.subscribe('pendingTransactions')), /^0x[0-9a-f]{64}$/);
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
