// Listens to a mining node as applications do: ethers over WebSocket and by filters over HTTP, web3.js over
// WebSocket and IPC. Prints one JSON object: what was heard. Any surprise is an exception.
//   node subscriptions.mjs KEY HTTP_URL WS_URL IPC_PATH

import assert from 'node:assert/strict';
import { ethers } from 'ethers';
import { Web3 } from 'web3';
import { IpcProvider } from 'web3-providers-ipc';
import { provoke } from './expect.mjs';

// Emits one event with its 32 bytes of input as data: LOG1 of memory 0..32, topic 0xaa.
const CREATION = '0x600e600c600039600e6000f3' + '60003560005260aa60206000a100';
const TOPIC = '0x' + '00'.repeat(31) + 'aa';
const SECONDS = 240;  // mining gives way to whatever else the machine does

const [key, httpUrl, wsUrl, ipcPath] = process.argv.slice(2);

/// A promise that `what` happens, rejected after a while.
function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${SECONDS} s in vain for ${what}`)), SECONDS * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
const once = (what, emitter, event) =>
  within(what, new Promise((resolve) => emitter.once(event, (...all) => resolve(all))));

const http = new ethers.JsonRpcProvider(httpUrl, undefined, { pollingInterval: 200 });
const wallet = new ethers.NonceManager(new ethers.Wallet(key, http));
const deployed = await wallet.sendTransaction({ data: CREATION, gasLimit: 200000 });
const contract = (await within('the contract', deployed.wait())).contractAddress;
const emitted = [];
const emit = async (number) => {
  const sent = await wallet.sendTransaction({ to: contract, data: ethers.toBeHex(number, 32), gasLimit: 100000 });
  emitted.push(sent.hash);
  await within('what was sent', sent.wait());
};
/// Lets a client finish what it began of itself, such as unsubscribing.
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const heard = {};

// ethers over WebSocket: eth_subscribe newHeads, logs, newPendingTransactions.
const socket = new ethers.WebSocketProvider(wsUrl);
await within('the WebSocket', socket.getBlockNumber());
heard.ethersHead = (await once('a head over WebSocket', socket, 'block'))[0];
{
  const pending = once('a pending transaction', socket, 'pending');
  const log = once('a log over WebSocket', socket, { address: contract, topics: [TOPIC] });
  await provoke(Promise.all([pending, log]), () => emit(1));
  heard.ethersPending = emitted.includes((await pending)[0]);
  heard.ethersLog = Number((await log)[0].data);
}
await pause(500);
await socket.destroy();

// ethers over HTTP: eth_newFilter and eth_getFilterChanges, eth_newPendingTransactionFilter.
{
  const log = once('a log by filter', http, { address: contract });
  const pending = once('a pending transaction by filter', http, 'pending');
  await provoke(Promise.all([pending, log]), () => emit(2));
  heard.filterPending = emitted.includes((await pending)[0]);
  heard.filterLog = Number((await log)[0].data);
  const id = await http.send('eth_newFilter', [{ address: contract, fromBlock: '0x0' }]);
  heard.filterLogs = (await http.send('eth_getFilterLogs', [id])).length === emitted.length;
  assert.equal(await http.send('eth_uninstallFilter', [id]), true);
  await pause(500);
  http.destroy();
}

// web3.js over both.
for (const [name, provider] of [['web3Ws', wsUrl], ['web3Ipc', new IpcProvider(ipcPath)]]) {
  const web3 = new Web3(provider);
  const heads = await within(`${name} to subscribe`, web3.eth.subscribe('newBlockHeaders'));
  heard[name + 'Head'] = Number((await once(`a head by ${name}`, heads, 'data'))[0].number);
  // web3.js 4.16 reads the first of several notifications that come in one piece, and drops the others.
  await heads.unsubscribe();
  const logs = await web3.eth.subscribe('logs', { address: contract });
  const log = once(`a log by ${name}`, logs, 'data');
  const again = new ethers.JsonRpcProvider(httpUrl);
  await new ethers.Wallet(key, again).sendTransaction({ to: contract, data: ethers.toBeHex(3, 32), gasLimit: 100000 });
  again.destroy();
  heard[name + 'Log'] = Number((await log)[0].data);
  await logs.unsubscribe();
  web3.provider.disconnect();
}
console.log(JSON.stringify(heard));
process.exit(0);
