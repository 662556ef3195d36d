// Compiles contracts.sol with its compiler's default settings and works with them through ethers, as an
// application does. Prints one JSON object: what was seen. Any surprise is an exception.
//   node client.mjs run KEY URL OTHER_URL     deploys and uses the contracts over URL, reads over OTHER_URL too
//   node client.mjs refused KEY URL           tries to deploy; prints the error's text
//   node client.mjs compiled                  prints the ABI and the code of the first contract

import assert from 'node:assert/strict';
import { ethers } from 'ethers';
import { compile, compilerVersion } from './compile.mjs';
import { failure } from './expect.mjs';

const contracts = compile();
const [mode, key, url, otherUrl] = process.argv.slice(2);
const provider = new ethers.JsonRpcProvider(url, undefined, { pollingInterval: 200 });
const wallet = key && new ethers.NonceManager(new ethers.Wallet(key, provider));
const factoryOf = (name) =>
  new ethers.ContractFactory(contracts[name].abi, contracts[name].evm.bytecode.object, wallet);

async function reverts(vault) {
  const required = await failure(vault.store.staticCall(13, ''));
  assert.equal(required.code, 'CALL_EXCEPTION');
  assert.equal(required.reason, 'unlucky number');
  const custom = await failure(vault.store.staticCall(5000, ''));
  assert.equal(custom.revert.name, 'TooMuch');
  assert.deepEqual([...custom.revert.args], [5000n, 1000n]);
  const divided = await failure(vault.half(0));
  assert.equal(divided.revert.name, 'Panic');
  assert.equal(Number(divided.revert.args[0]), 0x12);
  const outside = await failure(vault.item(7));
  assert.equal(Number(outside.revert.args[0]), 0x32);
  const estimated = await failure(vault.store.estimateGas(13, ''));
  assert.equal(estimated.reason, 'unlucky number');
  // The reason as it comes over the wire.
  const request = { jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ to: vault.target, data: vault.interface.encodeFunctionData('store', [13, '']) }, 'latest'] };
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) });
  const raw = (await answer.json()).error;
  assert.equal(raw.code, 3);
  assert.equal(raw.message, 'execution reverted: unlucky number');
  assert.ok(raw.data.startsWith('0x08c379a0'));
}

async function failing_transaction(vault) {
  const sent = await vault.store(13, 'fails', { gasLimit: 100000 });
  const error = await failure(sent.wait());
  assert.equal(error.receipt.status, 0);
  assert.ok(error.receipt.gasUsed < 100000n);
}

async function vaults(other) {
  const factory = await (await factoryOf('Factory').deploy()).waitForDeployment();
  const receipt = await (await factory.make(3)).wait();
  const made = receipt.logs.map((log) => factory.interface.parseLog(log).args);
  assert.deepEqual(made.map((args) => args.first), [0n, 1n, 2n]);
  const salt = ethers.id('salt');
  const creation = ethers.concat([contracts.Vault.evm.bytecode.object.replace(/^(0x)?/, '0x'), ethers.AbiCoder.defaultAbiCoder().encode(['uint256'], [77])]);
  const foreseen = ethers.getCreate2Address(factory.target, salt, ethers.keccak256(creation));
  await (await factory.makeAt(salt, 77)).wait();
  assert.equal(await factory.vaults(3), foreseen);
  const child = new ethers.Contract(foreseen, contracts.Vault.abi, other);
  assert.equal(await child.value(), 77n);
  const again = await failure(factory.makeAt.staticCall(salt, 77));
  assert.equal(again.code, 'CALL_EXCEPTION');
}

async function run() {
  const other = new ethers.JsonRpcProvider(otherUrl, undefined, { pollingInterval: 200 });
  assert.ok(contracts.Vault.evm.bytecode.opcodes.includes('PUSH0'), 'the default code uses PUSH0');
  const vault = await (await factoryOf('Vault').deploy(42, { value: 7n })).waitForDeployment();
  assert.equal(await vault.value(), 42n);
  assert.equal(await provider.getBalance(vault.target), 7n);
  const created = await provider.getTransactionReceipt(vault.deploymentTransaction().hash);
  assert.equal(created.contractAddress, vault.target);
  assert.equal(created.status, 1);
  assert.equal(created.type, 2);

  for (const [value, note] of [[5, 'one'], [6, 'two'], [7, 'three']]) {
    const receipt = await (await vault.store(value, note)).wait();
    assert.equal(vault.interface.parseLog(receipt.logs[0]).args.note, note);
  }
  const events = await vault.queryFilter(vault.filters.Stored(await wallet.getAddress()), 0);
  assert.deepEqual(events.map((event) => event.args.note), ['one', 'two', 'three']);
  assert.deepEqual(await vault.queryFilter(vault.filters.Stored(vault.target), 0), []);
  assert.equal(await vault.stored(await wallet.getAddress()), 3n);
  const [, chain] = await vault.origin();
  assert.equal(chain, (await provider.getNetwork()).chainId);

  await reverts(vault);
  await failing_transaction(vault);
  await vaults(other);
  // The other node has the same answers about what was sent to the first.
  const there = new ethers.Contract(vault.target, contracts.Vault.abi, other);
  assert.equal(await there.value(), 7n);
  const settings = JSON.parse(contracts.Vault.metadata).settings;
  console.log(JSON.stringify({ compiler: compilerVersion(), evm: settings.evmVersion, ethers: ethers.version, vault: vault.target, gas: String(created.gasUsed) }));
}

async function refused() {
  const error = await failure(factoryOf('Vault').deploy(1));
  console.log(JSON.stringify({ code: error.code, text: error.info?.error?.message ?? error.message }));
}

async function compiled() {
  const { abi, evm } = contracts.Vault;
  console.log(JSON.stringify({ abi, code: '0x' + evm.bytecode.object.replace(/^0x/, '') }));
}

await { run, refused, compiled }[mode]();
process.exit(0);
