// The console's objects: web3 with eth, admin, personal, miner, net, txpool, debug, jbc, clique, rpc, and the helpers
// around them. The methods and properties are tables; `native` is the host, `internals` receives what the host calls.
(function (native, internals) {
  'use strict';

  var global = Function('return this')();
  var web3 = {};
  var last_id = 0;

  // ---- Asking the node -----------------------------------------------------------------------------------

  function exchange(payload) {
    var text = native.exchange(JSON.stringify(payload));
    try { return JSON.parse(text); } catch (e) { throw new Error('Invalid JSON RPC response: ' + text.slice(0, 200)); }
  }

  function node_error(answer) {
    var told = answer && answer.error ? answer.error : { message: 'Invalid JSON RPC response: ' + JSON.stringify(answer) };
    var lines = String(told.message).split('\n');
    var error = new Error(lines[0]);
    if (lines.length > 1) hidden(error, 'remedy', lines.slice(1).join('\n'));
    if (told.data && told.data.remedy) hidden(error, 'remedy', String(told.data.remedy));
    hidden(error, 'from_node', true);
    hidden(error, 'code', told.code);
    hidden(error, 'data', told.data);
    return error;
  }

  function request(method, params) {
    return { jsonrpc: '2.0', id: ++last_id, method: method, params: params };
  }

  function call(method, params) {
    var answer = exchange(request(method, params));
    if (!answer || answer.error || answer.result === undefined) throw node_error(answer);
    return answer.result;
  }

  function hidden(object, key, value) {
    Object.defineProperty(object, key, { value: value, enumerable: false, writable: true, configurable: true });
  }

  // A function that prints as `head`.
  function shown_as(head, fn) {
    hidden(fn, 'head', head);
    return fn;
  }

  // ---- Numbers, text, units ------------------------------------------------------------------------------

  var UNITS = {
    noether: '0', wei: '1', kwei: '1e3', babbage: '1e3', femtoether: '1e3', mwei: '1e6', lovelace: '1e6',
    picoether: '1e6', gwei: '1e9', shannon: '1e9', nanoether: '1e9', nano: '1e9', szabo: '1e12', microether: '1e12',
    micro: '1e12', finney: '1e15', milliether: '1e15', milli: '1e15', ether: '1e18', kether: '1e21', grand: '1e21',
    mether: '1e24', gether: '1e27', tether: '1e30'
  };

  function is_big(value) { return BigNumber.isBigNumber(value); }
  function is_text(value) { return typeof value === 'string' || value instanceof String; }

  function toBigNumber(value) {
    if (value === undefined || value === null) value = 0;
    if (is_big(value)) return value;
    if (is_text(value) && /^-?0x/.test(value)) {
      var negative = value.charAt(0) === '-';
      var number = new BigNumber(value.replace(/^-?0x/, '') || '0', 16);
      return negative ? number.negated() : number;
    }
    return new BigNumber(is_text(value) ? String(value) : value.toString(10));
  }

  function toDecimal(value) { return toBigNumber(value).toNumber(); }

  function fromDecimal(value) {
    var number = toBigNumber(value), digits = number.toString(16);
    return number.isLessThan(0) ? '-0x' + digits.substr(1) : '0x' + digits;
  }

  function two_digits(byte) { return ('0' + byte.toString(16)).slice(-2); }

  function hex_of_chars(text) {
    var hex = '';
    for (var i = 0; i < text.length; i++) hex += two_digits(text.charCodeAt(i) & 0xff);
    return hex;
  }

  function chars_of_hex(hex) {
    var text = '';
    for (var i = /^0x/.test(hex) ? 2 : 0; i < hex.length; i += 2) text += String.fromCharCode(parseInt(hex.substr(i, 2), 16));
    return text;
  }

  function fromAscii(text, length) {
    var hex = hex_of_chars(text);
    while (hex.length < 2 * (length || 0)) hex += '00';
    return '0x' + hex;
  }

  function toAscii(hex) { return chars_of_hex(hex); }
  function fromUtf8(text) { return '0x' + hex_of_chars(unescape(encodeURIComponent(text))).replace(/(00)+$/, ''); }

  function toUtf8(hex) {
    var bytes = chars_of_hex(hex), end = bytes.indexOf('\0');
    return decodeURIComponent(escape(end < 0 ? bytes : bytes.slice(0, end)));
  }

  function toHex(value) {
    if (typeof value === 'boolean') return fromDecimal(+value);
    if (is_big(value)) return fromDecimal(value);
    if (value !== null && typeof value === 'object') return fromUtf8(JSON.stringify(value));
    if (is_text(value)) {
      if (/^-0x/.test(value)) return fromDecimal(value);
      if (/^0x/.test(value)) return value;
      if (!isFinite(value)) return fromAscii(value);
    }
    return fromDecimal(value);
  }

  function unit_value(unit) {
    unit = unit ? unit.toLowerCase() : 'ether';
    if (UNITS[unit] === undefined) {
      throw new Error("This unit doesn't exists, please use the one of the following units" + JSON.stringify(UNITS, null, 2));
    }
    return new BigNumber(UNITS[unit]);
  }

  function fromWei(value, unit) {
    var result = toBigNumber(value).dividedBy(unit_value(unit));
    return is_big(value) ? result : result.toString(10);
  }

  function toWei(value, unit) {
    var result = toBigNumber(value).times(unit_value(unit));
    return is_big(value) ? result : result.toString(10);
  }

  function sha3(text, options) {
    if (options && options.encoding === 'hex') return native.keccak(text, true);
    return native.keccak(text, false);
  }

  function toChecksumAddress(address) {
    if (address === undefined) return '';
    var digits = address.toLowerCase().replace('0x', ''), hash = native.keccak(digits, false).slice(2);
    return '0x' + digits.replace(/[a-f]/g, function (c, at) { return parseInt(hash.charAt(at), 16) > 7 ? c.toUpperCase() : c; });
  }

  function isChecksumAddress(address) { return toChecksumAddress(address).slice(2) === address.replace('0x', ''); }

  function isAddress(address) {
    if (!/^(0x)?[0-9a-f]{40}$/i.test(address)) return false;
    return /^(0x)?([0-9a-f]{40}|[0-9A-F]{40})$/.test(address) || isChecksumAddress(address);
  }

  // ---- What goes in and what comes out -------------------------------------------------------------------

  function in_block(block) {
    if (block === undefined || block === null) return undefined;
    return /^(latest|pending|earliest|safe|finalized)$/.test(block) ? block : toHex(block);
  }

  function in_default_block(block) { return block === undefined ? web3.eth.defaultBlock : in_block(block); }
  function in_flag(value) { return !!value; }

  function in_address(address) {
    if (/^0x[0-9a-f]{40}$/i.test(address) && isAddress(address)) return address;
    if (isAddress(address)) return '0x' + address;
    throw new Error('invalid address');
  }

  function in_transaction(options) {
    var out = {};
    Object.keys(options || {}).forEach(function (key) {
      var value = options[key];
      if (value === undefined) return;
      if (key === 'from' || (key === 'to' && value)) value = in_address(value);
      if (/^(gasPrice|gas|value|nonce)$/.test(key)) value = fromDecimal(value);
      out[key] = value;
    });
    if (!out.from && web3.eth.defaultAccount) out.from = web3.eth.defaultAccount;
    return out;
  }

  // Replaces members in place: numbers where they are numbers, BigNumbers where they may be larger.
  function formatted(object, numbers, bigs) {
    if (object === null || typeof object !== 'object') return object;
    numbers.forEach(function (key) { if (object[key] !== null && object[key] !== undefined) object[key] = toDecimal(object[key]); });
    (bigs || []).forEach(function (key) { if (object[key] !== null && object[key] !== undefined) object[key] = toBigNumber(object[key]); });
    return object;
  }

  function out_log(log) { return formatted(log, ['blockNumber', 'transactionIndex', 'logIndex']); }

  function out_transaction(txn) {
    return formatted(txn, ['blockNumber', 'transactionIndex', 'nonce', 'gas'], ['gasPrice', 'value']);
  }

  function out_receipt(receipt) {
    formatted(receipt, ['blockNumber', 'transactionIndex', 'cumulativeGasUsed', 'gasUsed']);
    if (receipt && Array.isArray(receipt.logs)) receipt.logs = receipt.logs.map(out_log);
    return receipt;
  }

  function out_block(block) {
    formatted(block, ['gasLimit', 'gasUsed', 'size', 'timestamp', 'number'], ['difficulty', 'totalDifficulty']);
    if (block && Array.isArray(block.transactions)) {
      block.transactions.forEach(function (txn) { if (!is_text(txn)) out_transaction(txn); });
    }
    return block;
  }

  function out_syncing(progress) {
    return formatted(progress, ['startingBlock', 'currentBlock', 'highestBlock', 'knownStates', 'pulledStates', 'pivot']);
  }

  function out_pool_status(status) { return formatted(status, ['pending', 'queued']); }

  // ---- Methods and properties ----------------------------------------------------------------------------

  var as_is = null;

  // A row: [name, rpc method (or a function of the arguments that picks it), inputs, output]. `inputs` is the
  // number of arguments, or their formatters: as many as there are, missing ones formatted as undefined.
  function method(object, row) {
    var inputs = row[2] || 0, output = row[3];
    object[row[0]] = shown_as('function()', function () {
      var args = Array.prototype.slice.call(arguments);
      var callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
      var name = typeof row[1] === 'function' ? row[1](args) : row[1];
      if (typeof inputs === 'number') {
        if (args.length !== inputs) throw new Error('Invalid number of input parameters to RPC method');
      } else {
        args = inputs.map(function (format, at) { return format ? format(args[at]) : args[at]; });
        while (args.length && args[args.length - 1] === undefined) args.pop();
        if (args.length < (row[4] || 0)) args.length = row[4];
      }
      return answer_to(callback, function () {
        var result = call(name, args);
        return output ? output(result) : result;
      });
    });
  }

  function answer_to(callback, ask) {
    if (!callback) return ask();
    var result;
    try { result = ask(); } catch (e) { callback(e); return undefined; }
    callback(null, result);
    return undefined;
  }

  // A row: [name, rpc method, output]; also gives getName(callback).
  function property(object, row) {
    function read() {
      var result = call(row[1], []);
      return row[2] && result !== null ? row[2](result) : result;
    }
    Object.defineProperty(object, row[0], { get: read, enumerable: true, configurable: true });
    object['get' + row[0].charAt(0).toUpperCase() + row[0].slice(1)] = shown_as('function(callback)', function (callback) {
      return answer_to(callback, read);
    });
  }

  function by_block(with_hash, with_number) {
    return function (args) { return is_text(args[0]) && /^0x[0-9a-f]{64}$/i.test(args[0]) ? with_hash : with_number; };
  }

  function module_of(name, properties, methods) {
    var object = web3[name] = {};
    properties.forEach(function (row) { property(object, row); });
    methods.forEach(function (row) { method(object, row); });
    return object;
  }

  var maybe = [as_is];

  var eth = module_of('eth', [
    ['accounts', 'eth_accounts'],
    ['blockNumber', 'eth_blockNumber', toDecimal],
    ['chainId', 'eth_chainId', toDecimal],
    ['coinbase', 'eth_coinbase'],
    ['gasPrice', 'eth_gasPrice', toBigNumber],
    ['hashrate', 'eth_hashrate', toDecimal],
    ['mining', 'eth_mining'],
    ['pendingTransactions', 'eth_pendingTransactions', function (all) { return all.map(out_transaction); }],
    ['protocolVersion', 'eth_protocolVersion'],
    ['syncing', 'eth_syncing', out_syncing]
  ], [
    ['call', 'eth_call', [in_transaction, in_default_block]],
    ['estimateGas', 'eth_estimateGas', [in_transaction, in_block], toDecimal],
    ['getBalance', 'eth_getBalance', [in_address, in_default_block], toBigNumber],
    ['getBlock', by_block('eth_getBlockByHash', 'eth_getBlockByNumber'), [in_block, in_flag], out_block],
    ['getBlockTransactionCount', by_block('eth_getBlockTransactionCountByHash', 'eth_getBlockTransactionCountByNumber'), [in_block], toDecimal],
    ['getBlockUncleCount', by_block('eth_getUncleCountByBlockHash', 'eth_getUncleCountByBlockNumber'), [in_block], toDecimal],
    ['getCode', 'eth_getCode', [in_address, in_default_block]],
    ['getLogs', 'eth_getLogs', 1, function (all) { return all.map(out_log); }],
    ['getRawTransaction', 'eth_getRawTransactionByHash', 1],
    ['getRawTransactionFromBlock', by_block('eth_getRawTransactionByBlockHashAndIndex', 'eth_getRawTransactionByBlockNumberAndIndex'), [in_block, toHex]],
    ['getStorageAt', 'eth_getStorageAt', [in_address, toHex, in_default_block]],
    ['getTransaction', 'eth_getTransactionByHash', 1, out_transaction],
    ['getTransactionCount', 'eth_getTransactionCount', [in_address, in_default_block], toDecimal],
    ['getTransactionFromBlock', by_block('eth_getTransactionByBlockHashAndIndex', 'eth_getTransactionByBlockNumberAndIndex'), [in_block, toHex], out_transaction],
    ['getTransactionReceipt', 'eth_getTransactionReceipt', 1, out_receipt],
    ['getUncle', by_block('eth_getUncleByBlockHashAndIndex', 'eth_getUncleByBlockNumberAndIndex'), [in_block, toHex], out_block],
    ['getWork', 'eth_getWork', 0],
    ['resend', 'eth_resend', 3],
    ['sendRawTransaction', 'eth_sendRawTransaction', [as_is]],
    ['sendTransaction', 'eth_sendTransaction', [in_transaction]],
    ['sign', 'eth_sign', [in_address, as_is]],
    ['signTransaction', 'eth_signTransaction', [in_transaction]],
    ['submitTransaction', 'eth_submitTransaction', [in_transaction]],
    ['submitWork', 'eth_submitWork', 3]
  ]);
  eth.defaultAccount = undefined;
  eth.defaultBlock = 'latest';

  var admin = module_of('admin', [
    ['datadir', 'admin_datadir'], ['nodeInfo', 'admin_nodeInfo'], ['peerErrors', 'admin_peerErrors'], ['peers', 'admin_peers']
  ], [
    ['addPeer', 'admin_addPeer', 1], ['addTrustedPeer', 'admin_addTrustedPeer', 1], ['exportChain', 'admin_exportChain', [as_is, as_is, as_is]],
    ['importChain', 'admin_importChain', 1], ['removePeer', 'admin_removePeer', 1],
    ['removeTrustedPeer', 'admin_removeTrustedPeer', 1],
    ['startHTTP', 'admin_startHTTP', [as_is, as_is, as_is, as_is, as_is]],
    ['startRPC', 'admin_startRPC', [as_is, as_is, as_is, as_is, as_is]],
    ['startWS', 'admin_startWS', [as_is, as_is, as_is, as_is]],
    ['stopHTTP', 'admin_stopHTTP'], ['stopRPC', 'admin_stopRPC'], ['stopWS', 'admin_stopWS']
  ]);

  module_of('debug', [], [
    ['accountRange', 'debug_accountRange', [as_is, as_is, as_is, as_is, as_is, as_is]], ['chaindbProperty', 'debug_chaindbProperty', 1], ['dumpBlock', 'debug_dumpBlock', 1],
    ['getBadBlocks', 'debug_getBadBlocks'], ['getBlockRlp', 'debug_getBlockRlp', 1],
    ['getModifiedAccountsByHash', 'debug_getModifiedAccountsByHash', [as_is, as_is]],
    ['getModifiedAccountsByNumber', 'debug_getModifiedAccountsByNumber', [as_is, as_is]],
    ['preimage', 'debug_preimage', maybe], ['printBlock', 'debug_printBlock', 1], ['seedHash', 'debug_seedHash', 1],
    ['setHead', 'debug_setHead', 1], ['storageRangeAt', 'debug_storageRangeAt', 5], ['traceBlock', 'debug_traceBlock', 1],
    ['traceBlockByHash', 'debug_traceBlockByHash', 1], ['traceBlockByNumber', 'debug_traceBlockByNumber', 1],
    ['traceTransaction', 'debug_traceTransaction', [as_is, as_is]], ['verbosity', 'debug_verbosity', 1]
  ]);

  module_of('miner', [], [
    ['getHashrate', 'miner_getHashrate'], ['setEtherbase', 'miner_setEtherbase', [in_address]], ['setExtra', 'miner_setExtra', 1],
    ['setGasLimit', 'miner_setGasLimit', [fromDecimal]], ['setGasPrice', 'miner_setGasPrice', [fromDecimal]],
    ['start', 'miner_start', maybe], ['stop', 'miner_stop']
  ]);

  module_of('clique', [['proposals', 'clique_proposals']], [
    ['discard', 'clique_discard', [in_address]], ['getSigner', 'clique_getSigner', [in_block]],
    ['getSigners', 'clique_getSigners', [in_block]], ['getSignersAtHash', 'clique_getSignersAtHash', 1],
    ['getSnapshot', 'clique_getSnapshot', [in_block]], ['getSnapshotAtHash', 'clique_getSnapshotAtHash', 1],
    ['propose', 'clique_propose', [in_address, as_is]], ['status', 'clique_status']
  ]);

  module_of('jbc', [['pendingData', 'jbc_pendingData'], ['zeros', 'jbc_zeros']], [
    ['blockchain', 'jbc_blockchain', [as_is, as_is]], ['getBlockByHash', 'jbc_getBlockByHash', 1],
    ['getBlockByIndex', 'jbc_getBlockByIndex', 1], ['submitData', 'jbc_submitData', 1]
  ]);

  module_of('net', [
    ['listening', 'net_listening'], ['peerCount', 'net_peerCount', toDecimal], ['version', 'net_version']
  ], []);

  var personal = module_of('personal', [
    ['listAccounts', 'personal_listAccounts'], ['listWallets', 'personal_listWallets']
  ], [
    ['ecRecover', 'personal_ecRecover', 2], ['importRawKey', 'personal_importRawKey', 2], ['lockAccount', 'personal_lockAccount', [in_address]],
    ['newAccount', 'personal_newAccount', maybe], ['sendTransaction', 'personal_sendTransaction', [in_transaction, as_is]],
    ['sign', 'personal_sign', [as_is, in_address, as_is]], ['signTransaction', 'personal_signTransaction', [in_transaction, as_is]],
    ['unlockAccount', 'personal_unlockAccount', [in_address, as_is, as_is]]
  ]);

  module_of('rpc', [['modules', 'rpc_modules']], []);

  module_of('txpool', [
    ['content', 'txpool_content'], ['inspect', 'txpool_inspect'], ['status', 'txpool_status', out_pool_status]
  ], []);

  // ---- Passphrases are asked for where they were left out -------------------------------------------------

  function asking(object, name, ask) {
    var plain = object[name];
    object[name] = shown_as('function()', function () {
      return plain.apply(object, ask(Array.prototype.slice.call(arguments)));
    });
  }

  asking(personal, 'newAccount', function (args) {
    if (args.length > 1 && args[1] !== undefined) throw new Error('expected 0 or 1 string argument');
    if (args[0] === undefined || args[0] === null) return [native.new_passphrase()];
    if (!is_text(args[0])) throw new Error('expected 0 or 1 string argument');
    return args;
  });

  asking(personal, 'unlockAccount', function (args) {
    if (!is_text(args[0])) throw new Error('first argument must be the account to unlock');
    if (args[2] !== undefined && args[2] !== null && typeof args[2] !== 'number') throw new Error('unlock duration must be a number');
    if (args[1] === undefined || args[1] === null) {
      native.print('Unlock account ' + args[0]);
      args[1] = native.passphrase('Passphrase: ');
    }
    if (!is_text(args[1])) throw new Error('password must be a string');
    return args;
  });

  asking(personal, 'sign', function (args) {
    if (!is_text(args[0])) throw new Error('first argument must be the message to sign');
    if (!is_text(args[1])) throw new Error('second argument must be the account to sign with');
    if (args[2] === undefined || args[2] === null) {
      native.print('Give password for account ' + args[1]);
      args[2] = native.passphrase('Passphrase: ');
    }
    return args;
  });

  // ---- web3 itself ---------------------------------------------------------------------------------------

  var version = web3.version = { api: '0.20.1' };
  property(version, ['ethereum', 'eth_protocolVersion']);
  property(version, ['network', 'net_version']);
  property(version, ['node', 'web3_clientVersion']);
  property(version, ['whisper', 'shh_version']);

  web3.currentProvider = {
    send: shown_as('function(payload)', exchange),
    sendAsync: shown_as('function(payload, callback)', function (payload, callback) {
      return answer_to(callback, function () { return exchange(payload); });
    })
  };
  web3.isConnected = function () { return true; };
  web3.createBatch = function () {
    throw new Error('batches are not offered here: send an array with web3.currentProvider.send');
  };
  [['fromAscii', fromAscii], ['fromDecimal', fromDecimal], ['fromUtf8', fromUtf8], ['fromWei', fromWei], ['isAddress', isAddress],
   ['isChecksumAddress', isChecksumAddress], ['sha3', sha3], ['toAscii', toAscii], ['toBigNumber', toBigNumber],
   ['toChecksumAddress', toChecksumAddress], ['toDecimal', toDecimal], ['toHex', toHex], ['toUtf8', toUtf8], ['toWei', toWei]
  ].forEach(function (row) { web3[row[0]] = row[1]; });
  web3.BigNumber = BigNumber;

  // ---- BigNumber under the names of the version that web3 0.20 carried -----------------------------------

  (function (prototype) {
    var OLD = {
      add: 'plus', sub: 'minus', mul: 'times', divToInt: 'dividedToIntegerBy', neg: 'negated', equals: 'isEqualTo', cmp: 'comparedTo',
      greaterThan: 'isGreaterThan', greaterThanOrEqualTo: 'isGreaterThanOrEqualTo', lessThan: 'isLessThan',
      lessThanOrEqualTo: 'isLessThanOrEqualTo', isInt: 'isInteger', isNeg: 'isNegative', toPower: 'exponentiatedBy', toDigits: 'precision'
    };
    Object.keys(OLD).forEach(function (name) { hidden(prototype, name, prototype[OLD[name]]); });
    hidden(prototype, 'floor', function () { return this.integerValue(BigNumber.ROUND_FLOOR); });
    hidden(prototype, 'ceil', function () { return this.integerValue(BigNumber.ROUND_CEIL); });
    hidden(prototype, 'truncated', function () { return this.integerValue(BigNumber.ROUND_DOWN); });
    hidden(prototype, 'trunc', prototype.truncated);
    hidden(prototype, 'round', function (places, mode) { return this.decimalPlaces(places || 0, mode); });
  })(BigNumber.prototype);

  // ---- Sleeping, timers, scripts, output -----------------------------------------------------------------

  admin.sleep = shown_as('function()', function (seconds) {
    if (typeof seconds !== 'number') throw new Error('usage: sleep(<number of seconds>)');
    native.sleep(seconds * 1000);
    return true;
  });

  admin.sleepBlocks = shown_as('function()', function (count, seconds) {
    var goal = web3.eth.blockNumber + (count === undefined ? 1 : count);
    var until = seconds ? Date.now() + seconds * 1000 : Infinity;
    while (web3.eth.blockNumber < goal) {
      if (Date.now() >= until) return false;
      native.sleep(200);
    }
    return true;
  });

  admin.clearHistory = shown_as('function()', function () { native.clear_history(); });

  var timers = [], last_timer = 0;

  function add_timer(fn, ms, again, args) {
    var every = Math.max(1, Number(ms) || 0);
    timers.push({ id: ++last_timer, fn: fn, due: Date.now() + every, every: again ? every : 0, args: args });
    return last_timer;
  }

  function remove_timer(id) { timers = timers.filter(function (timer) { return timer.id !== id; }); }

  internals.run_timers = function () {
    var now = Date.now();
    timers.filter(function (timer) { return timer.due <= now; }).forEach(function (timer) {
      if (timer.every) timer.due = now + timer.every; else remove_timer(timer.id);
      try { timer.fn.apply(undefined, timer.args); } catch (e) { native.print(internals.describe_error(e, '', '<timer>')); }
    });
    if (timers.length === 0) return undefined;
    return Math.max(0, Math.min.apply(null, timers.map(function (timer) { return timer.due; })) - Date.now());
  };

  function print() {
    native.print(Array.prototype.map.call(arguments, function (value) {
      return value !== null && typeof value === 'object' && !is_big(value) && !(value instanceof Error) ? String(value) : String(value);
    }).join(' '));
  }

  var GLOBALS = {
    web3: web3,
    console: { log: print, error: print, info: print, warn: print },
    inspect: function (value) { native.print(internals.inspect(value)); },
    loadScript: function (name) { native.load(String(name)); return true; },
    setTimeout: function (fn, ms) { return add_timer(fn, ms, false, Array.prototype.slice.call(arguments, 2)); },
    setInterval: function (fn, ms) { return add_timer(fn, ms, true, Array.prototype.slice.call(arguments, 2)); },
    clearTimeout: remove_timer,
    clearInterval: remove_timer
  };
  Object.keys(GLOBALS).forEach(function (name) { hidden(global, name, GLOBALS[name]); });

  // What contract.js builds on.
  internals.web3 = web3;
  internals.hide = hidden;
  internals.shown_as = shown_as;
  internals.answer_to = answer_to;
  internals.set_interval = GLOBALS.setInterval;
  internals.clear_interval = remove_timer;

  // Only what the endpoint serves gets a name of its own, as in geth; without an answer, all.
  var MODULES = ['admin', 'clique', 'debug', 'eth', 'jbc', 'miner', 'net', 'personal', 'rpc', 'txpool'];
  var served = null;
  try { served = call('rpc_modules', []); } catch (e) { served = null; }
  MODULES.forEach(function (name) {
    if (!served || served[name] || name === 'rpc') hidden(global, name, web3[name]);
  });

  internals.hint_for = function (name, message) {
    var missing = name === 'ReferenceError' && /^'(\w+)' is not defined$/.exec(message);
    if (!missing || MODULES.indexOf(missing[1]) < 0) return '';
    return 'this endpoint serves ' + Object.keys(served || {}).sort().join(', ') +
        ' only: attach by IPC (quarry attach --datadir DIR), or start the node with --rpcapi ' + missing[1];
  };

  // ---- The welcome and the completion --------------------------------------------------------------------

  var DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  var MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

  function two(number) { return ('0' + number).slice(-2); }

  function utc(seconds) {
    var date = new Date(1000 * seconds);
    return DAYS[date.getUTCDay()] + ', ' + two(date.getUTCDate()) + ' ' + MONTHS[date.getUTCMonth()] + ' ' + date.getUTCFullYear() + ' ' +
        two(date.getUTCHours()) + ':' + two(date.getUTCMinutes()) + ':' + two(date.getUTCSeconds()) + ' UTC';
  }

  // Lines that the endpoint cannot answer are left out.
  internals.welcome = function () {
    var lines = ['Welcome to the Quarry JavaScript console!', ''];
    function add(label, tell) {
      var value;
      try { value = tell(); } catch (e) { return; }
      if (value !== null && value !== undefined) lines.push(label + value);
    }
    add('instance: ', function () { return version.node; });
    add('coinbase: ', function () { return eth.coinbase; });
    add('at block: ', function () {
      var block = eth.getBlock('latest');
      return block.number + ' (' + utc(block.timestamp) + ')';
    });
    add(' datadir: ', function () { return admin.datadir; });
    add(' modules: ', function () {
      return Object.keys(served).sort().map(function (name) { return name + ':' + served[name]; }).join(' ');
    });
    return lines.join('\n') + '\n';
  };

  // The last word of `line`, completed. Properties that would ask the node are not read.
  internals.complete = function (line) {
    var word = /[\w$.]*$/.exec(line)[0], parts = word.split('.'), start = parts.pop(), object = global;
    for (var i = 0; i < parts.length; i++) {
      var found = object === null || object === undefined ? undefined : descriptor(object, parts[i]);
      if (!found || found.get) return '';
      object = found.value;
    }
    if (object === null || object === undefined) return '';
    var base = parts.length ? parts.join('.') + '.' : '', words = {};
    for (var at = Object(object); at && (at !== Object.prototype || !parts.length); at = Object.getPrototypeOf(at)) {
      Object.getOwnPropertyNames(at).forEach(function (name) {
        if (name.indexOf(start) !== 0 || /^_/.test(name) || !/^[\w$]+$/.test(name)) return;
        var about = descriptor(at, name);
        words[base + name + (about && typeof about.value === 'function' && name !== 'BigNumber' ? '(' : '')] = true;
      });
    }
    return Object.keys(words).sort().join('\n');
  };

  function descriptor(object, name) {
    for (var at = Object(object); at; at = Object.getPrototypeOf(at)) {
      var own = Object.getOwnPropertyDescriptor(at, name);
      if (own) return own;
    }
    return undefined;
  }
})
