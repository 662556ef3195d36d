// A peer that nobody of this project wrote: @ethereumjs/devp2p. It dials a node or is dialled by it, exchanges
// Status, asks for headers, bodies, receipts and node data, and checks each answer by its hashes.
//
//   node peer.mjs --network N --genesis HASH --head HASH --td N --blocks N
//                 [--host IP --port N --id HEX]   dial that node; otherwise listen and be dialled
//                 [--root HASH]                   the node data to ask for; otherwise the head's state root
//                 [--hang-up]                     only exchange Status
//                 [--eth N]                       the version of eth to speak; 63 without it
//                 [--fork-hash HEX --fork-next N] the fork id that both sides should say, from eth/64 on
//                 [--driven --key HEX]            ask nothing: print each message and do what standard input says
//
// Driven, it takes a JSON object a line: {"send":code,"payload":…} sends a message, whose lists are lists and whose
// strings are hex, as in the {"event":"message",…} that it prints; {"sign":{"nonce":N,"data":N}} prints a signed
// transaction that costs nothing; {"hash":…} prints an item's hash.
// Prints one JSON object a line; the last is {"event":"done"} or {"event":"failed","why":…}. Exits with 0 or 1.
import { parseArgs } from 'node:util'
import { Common, Mainnet } from '@ethereumjs/common'
import { createInterface } from 'node:readline'
import { ETH, RLPx } from '@ethereumjs/devp2p'
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from 'ethereum-cryptography/keccak.js'
import { secp256k1 } from 'ethereum-cryptography/secp256k1.js'
import { getRandomBytesSync } from 'ethereum-cryptography/random.js'

const names = ['host', 'port', 'id', 'network', 'genesis', 'head', 'td', 'blocks', 'root', 'eth', 'fork-hash',
  'fork-next', 'key']
const { values: options } = parseArgs({
  options: {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    'hang-up': { type: 'boolean' },
    driven: { type: 'boolean' },
  },
})
const blocks = Number(options.blocks)
const version = Number(options.eth ?? 63)
const prefixed = (hex) => (hex.startsWith('0x') ? hex : `0x${hex}`)
const genesis = prefixed(options.genesis)
const head = prefixed(options.head)

const kEmptyRoot = bytesToHex(keccak256(RLP.encode(new Uint8Array())))
const kAnswerTime = 10_000 // milliseconds until an answer is missed
const Code = {
  getBlockHeaders: 0x03, blockHeaders: 0x04, getBlockBodies: 0x05, blockBodies: 0x06,
  getNodeData: 0x0d, nodeData: 0x0e, getReceipts: 0x0f, receipts: 0x10,
}

function say(event, more = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...more })}\n`)
}
function finish(why) {
  if (why === undefined) say('done')
  else say('failed', { why })
  // The last line has to get out first.
  process.stdout.write('', () => process.exit(why === undefined ? 0 : 1))
}
function check(holds, what) {
  if (!holds) throw new Error(what)
}
const same = (a, b, what) => check(String(a) === String(b), `${what}: ${a} instead of ${b}`)
const hashOf = (item) => bytesToHex(keccak256(RLP.encode(item)))
const number = (bytes) => (bytes.length === 0 ? 0n : bytesToBigInt(bytes))
const toWire = (n) => bigIntToUnpaddedBytes(BigInt(n))

// The fields of a header that are looked at, by their place in the list.
const Field = { parent: 0, ommers: 1, stateRoot: 3, transactionsRoot: 4, receiptsRoot: 5, number: 8 }

/** One request at a time, as eth/63 has no request ids; from eth/66 on each has one, which the answer repeats. */
class Asker {
  #eth
  #waiting = null
  #id = 1000n
  constructor(eth) {
    this.#eth = eth
    eth.events.on('message', (code, payload) => this.#onMessage(code, payload))
  }
  ask(code, payload, answer) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer ${answer} to request ${code}`)), kAnswerTime)
      const done = (value) => {
        clearTimeout(timer)
        if (version < 66) return resolve(value)
        if (number(value[0]) !== this.#id) return reject(new Error(`answer ${number(value[0])} to ${this.#id}`))
        resolve(value[1])
      }
      this.#waiting = { answer, resolve: done }
      this.#eth.sendMessage(code, version < 66 ? payload : [toWire(++this.#id), payload])
    })
  }
  headers(from, amount, skip, reverse) {
    const origin = typeof from === 'string' ? hexToBytes(from) : toWire(from)
    const query = [origin, toWire(amount), toWire(skip), toWire(reverse ? 1 : 0)]
    return this.ask(Code.getBlockHeaders, query, Code.blockHeaders)
  }
  #onMessage(code, payload) {
    if (this.#waiting?.answer === code) {
      const { resolve } = this.#waiting
      this.#waiting = null
      return resolve(payload)
    }
    say('message', { code })
    // The node may ask us too; we have no chain.
    const nothing = version < 66 ? [] : [payload[0], []]
    if (code === Code.getBlockHeaders) this.#eth.sendMessage(Code.blockHeaders, nothing)
    if (code === Code.getBlockBodies) this.#eth.sendMessage(Code.blockBodies, nothing)
    if (code === Code.getNodeData) this.#eth.sendMessage(Code.nodeData, nothing)
    if (code === Code.getReceipts) this.#eth.sendMessage(Code.receipts, nothing)
  }
}

async function askHeaders(asker) {
  const chain = await asker.headers(0, blocks + 1, 0, false)
  same(chain.length, blocks + 1, 'headers from 0')
  const hashes = chain.map(hashOf)
  same(hashes[0], genesis, 'the hash of header 0')
  same(hashes[blocks], head, 'the hash of the head')
  for (let i = 1; i <= blocks; ++i) {
    same(number(chain[i][Field.number]), i, 'number')
    same(bytesToHex(chain[i][Field.parent]), hashes[i - 1], `the parent of header ${i}`)
  }
  const forms = [
    { name: 'by number, downwards, skipping', query: [blocks, 3, 1, true], want: [blocks, blocks - 2, blocks - 4] },
    { name: 'by number, over the end', query: [blocks - 1, 50, 0, false], want: [blocks - 1, blocks] },
    { name: 'by hash', query: [head, 1, 0, false], want: [blocks] },
    { name: 'by hash, downwards', query: [head, 3, 0, true], want: [blocks, blocks - 1, blocks - 2] },
    { name: 'by hash, upwards, skipping', query: [genesis, 3, 2, false], want: [0, 3, 6] },
    { name: 'downwards past the genesis', query: [1, 9, 0, true], want: [1, 0] },
    { name: 'an unknown hash', query: [`0x${'77'.repeat(32)}`, 5, 0, false], want: [] },
    { name: 'a number too high', query: [blocks + 1000, 5, 0, false], want: [] },
    { name: 'none', query: [0, 0, 0, false], want: [] },
  ]
  for (const { name, query, want } of forms) {
    const got = (await asker.headers(...query)).map(hashOf)
    same(got, want.map((i) => hashes[i]), `headers ${name}`)
  }
  say('headers', { count: chain.length, forms: forms.length + 1 })
  return { chain, hashes }
}

async function askBodies(asker, { chain, hashes }) {
  const unknown = `0x${'66'.repeat(32)}`
  const wanted = [...hashes.slice(1), unknown].map((hash) => hexToBytes(hash))
  const bodies = await asker.ask(Code.getBlockBodies, wanted, Code.blockBodies)
  same(bodies.length, blocks, 'bodies')
  bodies.forEach(([transactions, ommers], i) => {
    const header = chain[i + 1]
    same(hashOf(ommers), bytesToHex(header[Field.ommers]), `the ommers of block ${i + 1}`)
    const empty = bytesToHex(header[Field.transactionsRoot]) === kEmptyRoot
    same(transactions.length === 0, empty, `block ${i + 1} is empty`)
  })
  say('bodies', { count: bodies.length })
}

async function askReceipts(asker, { chain, hashes }) {
  const receipts = await asker.ask(Code.getReceipts, hashes.slice(1).map((hash) => hexToBytes(hash)), Code.receipts)
  same(receipts.length, blocks, 'blocks with receipts')
  receipts.forEach((ofBlock, i) => {
    const empty = bytesToHex(chain[i + 1][Field.receiptsRoot]) === kEmptyRoot
    same(ofBlock.length === 0, empty, `block ${i + 1} has no receipts`)
  })
  say('receipts', { count: receipts.length })
}

/** The root and, one level further, whatever it refers to. */
async function askNodes(asker, { chain }) {
  const root = options.root ? prefixed(options.root) : bytesToHex(chain[blocks][Field.stateRoot])
  const fetch = async (hashes) => {
    const nodes = await asker.ask(Code.getNodeData, hashes.map((hash) => hexToBytes(hash)), Code.nodeData)
    nodes.forEach((node) => check(hashes.includes(bytesToHex(keccak256(node))), 'a node that was not asked for'))
    return nodes
  }
  const [top, ...none] = await fetch([root, `0x${'55'.repeat(32)}`])
  check(top !== undefined, `no node data for ${root}`)
  same(none.length, 0, 'nodes for an unknown hash')
  const children = RLP.decode(top)
    .filter((child) => child instanceof Uint8Array && child.length === 32)
    .map((child) => bytesToHex(child))
  const below = children.length === 0 ? [] : await fetch(children)
  same(below.length, children.length, 'nodes below the root')
  say('node_data', { root, below: below.length })
}

async function converse(eth, peer) {
  const asker = new Asker(eth)
  const known = await askHeaders(asker)
  await askBodies(asker, known)
  await askReceipts(asker, known)
  if (version <= 66) await askNodes(asker, known)
  peer.disconnect(8) // client quitting
}

const toHex = (item) => (Array.isArray(item) ? item.map(toHex) : bytesToHex(item))
const fromHex = (item) => (Array.isArray(item) ? item.map(fromHex) : hexToBytes(prefixed(item)))

/** A legacy transaction of EIP-155 to an address of sevens, for nothing. */
function sign({ nonce, data = 0 }) {
  const chain = BigInt(options.network)
  const fields = [nonce, 0, 21_000 + 68 * data].map(toWire)
  fields.push(new Uint8Array(20).fill(7), toWire(0), new Uint8Array(data).fill(1))
  const digest = keccak256(RLP.encode([...fields, toWire(chain), toWire(0), toWire(0)]))
  const { r, s, recovery } = secp256k1.sign(digest, hexToBytes(prefixed(options.key)))
  const signed = [...fields, ...[chain * 2n + 35n + BigInt(recovery), r, s].map(toWire)]
  const raw = RLP.encode(signed)
  say('signed', { nonce, txn: toHex(signed), hash: bytesToHex(keccak256(raw)), bytes: raw.length })
}

/** Does what standard input says until it ends. */
function drive(eth, peer) {
  eth.events.on('message', (code, payload) => say('message', { code, payload: toHex(payload) }))
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin })
    lines.on('line', (line) => {
      const order = JSON.parse(line)
      if (order.sign) sign(order.sign)
      if (order.hash) say('hashed', { hash: hashOf(fromHex(order.hash)) })
      if (order.send !== undefined) eth.sendMessage(order.send, fromHex(order.payload))
    })
    lines.on('close', () => resolve(peer.disconnect(8)))
  })
}

/** The chain as far as its fork id goes: the fork passed and, where there is one, the next. */
function chainOf() {
  const hardforks = [{ name: 'chainstart', block: 0, forkHash: options['fork-hash'] ?? '0x00000000' }]
  const next = Number(options['fork-next'] ?? 0)
  if (next !== 0) hardforks.push({ name: 'byzantium', block: next, forkHash: '0xffffffff' })
  return new Common({ chain: { ...Mainnet, chainId: options.network, hardforks }, hardfork: 'chainstart' })
}

const rlpx = new RLPx(getRandomBytesSync(32), {
  capabilities: [ETH.eth62, ETH[`eth${version}`]],
  common: chainOf(),
  clientId: new TextEncoder().encode('devp2p-test/node'),
  listenPort: null,
  maxPeers: 5,
})
rlpx.events.on('error', (error) => finish(String(error)))
rlpx.events.on('peer:error', (_peer, error) => say('error', { what: String(error.message ?? error) }))
rlpx.events.on('peer:removed', (_peer, reason, byUs) => {
  say('closed', { reason, by_us: byUs === true })
  if (!done) finish('the connection ended early')
})
let done = false
rlpx.events.on('peer:added', (peer) => {
  const hello = peer.getHelloMessage()
  const caps = hello.capabilities.map(({ name, version }) => `${name}/${version}`)
  say('hello', { client: hello.clientId, caps, version: hello.protocolVersion, port: hello.port })
  const eth = peer.getProtocols()[0]
  // What comes with the Status must not be missed.
  const driven = options.driven ? drive(eth, peer) : null
  eth.events.once('status', (status) => {
    say('status', {
      version: eth.getVersion(), network: String(number(status.chainId)), td: String(number(status.td)),
      head: bytesToHex(status.bestHash), genesis: bytesToHex(status.genesisHash),
      fork: status.forkId ? [bytesToHex(status.forkId[0]), Number(number(status.forkId[1]))] : null,
    })
    const conversation = driven ?? (options['hang-up'] ? Promise.resolve(peer.disconnect(8)) : converse(eth, peer))
    conversation.then(() => ((done = true), finish()), (error) => finish(error.message))
  })
  eth.sendStatus({ td: toWire(options.td), bestHash: hexToBytes(head), genesisHash: hexToBytes(genesis) })
})

if (options.port !== undefined) {
  const id = hexToBytes(prefixed(options.id))
  rlpx.connect({ id, address: options.host ?? '127.0.0.1', tcpPort: Number(options.port) })
    .catch((error) => finish(error.message))
} else {
  rlpx.listen(0, '127.0.0.1', () => {
    const { port } = rlpx._server.address()
    say('listening', { port, enode: `enode://${bytesToHex(rlpx.id).slice(2)}@127.0.0.1:${port}` })
  })
}
setTimeout(() => finish('nothing happened for too long'), 60_000).unref()
