// A peer that nobody of this project wrote: @ethereumjs/devp2p. It dials a node or is dialled by it, exchanges
// Status on eth/63, asks for headers, bodies, receipts and node data, and checks each answer by its hashes.
//
//   node peer.mjs --network N --genesis HASH --head HASH --td N --blocks N
//                 [--host IP --port N --id HEX]   dial that node; otherwise listen and be dialled
//                 [--root HASH]                   the node data to ask for; otherwise the head's state root
//                 [--hang-up]                     only exchange Status
//
// Prints one JSON object a line; the last is {"event":"done"} or {"event":"failed","why":…}. Exits with 0 or 1.
import { parseArgs } from 'node:util'
import { Common, Mainnet } from '@ethereumjs/common'
import { ETH, RLPx } from '@ethereumjs/devp2p'
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from 'ethereum-cryptography/keccak.js'
import { getRandomBytesSync } from 'ethereum-cryptography/random.js'

const names = ['host', 'port', 'id', 'network', 'genesis', 'head', 'td', 'blocks', 'root']
const { values: options } = parseArgs({
  options: {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    'hang-up': { type: 'boolean' },
  },
})
const blocks = Number(options.blocks)
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

/** One request at a time, as eth/63 has no request ids. */
class Asker {
  #eth
  #waiting = null
  constructor(eth) {
    this.#eth = eth
    eth.events.on('message', (code, payload) => this.#onMessage(code, payload))
  }
  ask(code, payload, answer) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer ${answer} to request ${code}`)), kAnswerTime)
      this.#waiting = { answer, resolve: (value) => (clearTimeout(timer), resolve(value)) }
      this.#eth.sendMessage(code, payload)
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
    if (code === Code.getBlockHeaders) this.#eth.sendMessage(Code.blockHeaders, [])
    if (code === Code.getBlockBodies) this.#eth.sendMessage(Code.blockBodies, [])
    if (code === Code.getNodeData) this.#eth.sendMessage(Code.nodeData, [])
    if (code === Code.getReceipts) this.#eth.sendMessage(Code.receipts, [])
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
  await askNodes(asker, known)
  peer.disconnect(8) // client quitting
}

const rlpx = new RLPx(getRandomBytesSync(32), {
  capabilities: [ETH.eth62, ETH.eth63],
  common: new Common({ chain: { ...Mainnet, chainId: options.network } }),
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
  eth.events.once('status', (status) => {
    say('status', {
      version: eth.getVersion(), network: String(number(status.chainId)), td: String(number(status.td)),
      head: bytesToHex(status.bestHash), genesis: bytesToHex(status.genesisHash),
    })
    const conversation = options['hang-up'] ? Promise.resolve(peer.disconnect(8)) : converse(eth, peer)
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
