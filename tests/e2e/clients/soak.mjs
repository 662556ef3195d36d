// The load of bench/soak: node soak.mjs HTTP_URL WS_URL KEY SECONDS CLIENTS. Prints "begun" when its contract is there,
// and at the end one JSON object: how often each method was asked, which errors came that were not asked for, what the
// subscriptions told.

import { ethers } from 'ethers';
import WebSocket from 'ws';
import { compile } from './compile.mjs';

const [url, wsUrl, key, secondsText, clientsText] = process.argv.slice(2);
const counts = {};
const errors = {};
const told = { heads: 0, logs: 0, removed: 0, pending: 0 };
let reorgs = 0;
let asked = 0;

const note = (error) => {
  errors[error] = (errors[error] ?? 0) + 1;
};

async function ask(method, params, mayFail = false) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: ++asked, method, params });
  counts[method] = (counts[method] ?? 0) + 1;
  try {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = await response.json();
    if (answer.error && !mayFail) note(`${method}: ${answer.error.code} ${answer.error.message}`.slice(0, 160));
    if (!answer.error && mayFail === 'must') note(`${method} did not fail`);
    return answer.result;
  } catch (error) {
    note(`${method}: ${error.message}`);
  }
}

const { Vault } = compile();
const provider = new ethers.JsonRpcProvider(url, undefined, { pollingInterval: 500 });
const wallet = new ethers.Wallet(key, provider);
const deployed = await new ethers.ContractFactory(Vault.abi, Vault.evm.bytecode.object, wallet).deploy(1);
// Under some blocks, so that no reorganisation takes the contract away for a while.
await deployed.deploymentTransaction().wait(4);
console.log('begun');
const end = Date.now() + Number(secondsText) * 1000;
const vault = deployed.target;
const coder = new ethers.Interface(Vault.abi);
const value = coder.encodeFunctionData('value');
const reverts = coder.encodeFunctionData('store', [13, '']);

const hex = (number) => '0x' + number.toString(16);
const questions = [
  () => ask('eth_blockNumber', []),
  () => ask('eth_getBalance', [wallet.address, 'latest']),
  () => ask('eth_getBlockByNumber', ['latest', true]),
  () => ask('eth_getLogs', [{ address: vault, fromBlock: 'earliest', toBlock: 'latest' }]),
  () => ask('eth_call', [{ to: vault, data: value }, 'latest']),
  () => ask('eth_call', [{ to: vault, data: reverts }, 'latest'], 'must'),
  () => ask('eth_estimateGas', [{ from: wallet.address, to: vault, data: coder.encodeFunctionData('store', [5, 'x']) }]),
  () => ask('eth_feeHistory', ['0x5', 'latest', [50]]),
  () => ask('eth_getTransactionCount', [wallet.address, 'pending']),
  () => ask('eth_getBlockByNumber', ['pending', false]),
  () => ask('txpool_content', []),
  () => ask('eth_getProof', [vault, ['0x0'], 'latest']),
  () => ask('eth_nonsense', [], 'must'),
  () => ask('eth_getBlockByNumber', ['0x1', 'yes'], 'must'),
  async () => {
    const number = Math.floor(Math.random() * Number((await ask('eth_blockNumber', [])) ?? 1));
    const block = await ask('eth_getBlockByNumber', [hex(number), true]);
    // A block may leave the chain between two questions: no answer is an answer then.
    if (block?.transactions?.length) await ask('eth_getTransactionReceipt', [block.transactions[0].hash]);
    if (block?.transactions?.length) await ask('debug_traceTransaction', [block.transactions[0].hash, { tracer: 'callTracer' }], true);
  },
];

async function client() {
  while (Date.now() < end) await questions[Math.floor(Math.random() * questions.length)]();
}

async function sender() {
  let nonce = await provider.getTransactionCount(wallet.address);
  const feeData = { maxFeePerGas: 100n * 10n ** 9n, maxPriorityFeePerGas: 10n ** 9n, gasLimit: 120000n, chainId: (await provider.getNetwork()).chainId, type: 2 };
  while (Date.now() < end) {
    const next = Number(await ask('eth_getTransactionCount', [wallet.address, 'pending']));
    if (next > nonce) nonce = next;
    const data = coder.encodeFunctionData('store', [nonce % 1000 === 13 ? 14 : nonce % 1000, 'soak']);
    const raw = await wallet.signTransaction({ ...feeData, to: vault, nonce, data });
    const sent = await ask('eth_sendRawTransaction', [raw], true);
    nonce = sent ? nonce + 1 : next;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function filterPoller() {
  const id = await ask('eth_newFilter', [{ address: vault }]);
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await ask('eth_getFilterChanges', [id]);
  }
  await ask('eth_uninstallFilter', [id]);
}

function subscriber() {
  return new Promise((resolve) => {
    const socket = new WebSocket(wsUrl);
    const names = {};
    let last;
    socket.on('open', () => {
      [['newHeads'], ['logs', { address: vault }], ['newPendingTransactions'], ['syncing']].forEach((params, i) => {
        socket.send(JSON.stringify({ jsonrpc: '2.0', id: i, method: 'eth_subscribe', params }));
      });
    });
    socket.on('message', (text) => {
      const message = JSON.parse(text);
      if (message.error) note('subscription: ' + message.error.message);
      if (message.id !== undefined) names[message.result] = ['heads', 'logs', 'pending', 'syncing'][message.id];
      if (message.method !== 'eth_subscription') return;
      const what = names[message.params.subscription];
      const result = message.params.result;
      if (what === 'logs' && result.removed) told.removed++;
      else told[what] = (told[what] ?? 0) + 1;
      if (what !== 'heads') return;
      if (last && result.parentHash !== last && result.hash !== last) reorgs++;
      last = result.hash;
    });
    socket.on('error', (error) => note('websocket: ' + error.message));
    socket.on('close', () => {
      if (Date.now() < end) note('the websocket was closed');
      resolve();
    });
    setTimeout(() => socket.close(), end - Date.now());
  });
}

await Promise.all([sender(), filterPoller(), subscriber(), subscriber(), ...Array.from({ length: Number(clientsText) }, client)]);
console.log(JSON.stringify({ asked, counts, told, reorgs: reorgs / 2, errors: Object.keys(errors).length ? errors : null }));
process.exit(0);
