// eth.contract and eth.filter as web3 0.20 has them: the ABI's coding, contract objects whose methods call or
// send, and events by polling. Runs after the prelude, over its web3.
(function (native, internals) {
  'use strict';

  var web3 = internals.web3, eth = web3.eth, shown_as = internals.shown_as, answer_to = internals.answer_to;
  var POLL_MS = 500;
  var TWO_256 = new BigNumber(2).exponentiatedBy(256);

  // ---- Types ---------------------------------------------------------------------------------------------

  // {base, size?, items?, count?, parts?}: `items` of an array (`count` of them, or as many as there are).
  function parse_type(text, components) {
    var array = /^(.*)\[(\d*)\]$/.exec(text);
    if (array) return { base: 'array', items: parse_type(array[1], components), count: array[2] === '' ? null : +array[2] };
    if (text === 'tuple') return { base: 'tuple', parts: (components || []).map(type_of), names: (components || []).map(name_of) };
    var plain = /^(uint|int|address|bool|bytes|string|function)(\d*)$/.exec(text);
    if (!plain) throw new Error('invalid solidity type!: ' + text);
    if (plain[1] === 'function') return { base: 'bytes', size: 24 };
    return { base: plain[1], size: plain[2] === '' ? null : +plain[2] };
  }

  function type_of(input) { return parse_type(input.type, input.components); }
  function name_of(input) { return input.name; }

  function is_dynamic(type) {
    if (type.base === 'array') return type.count === null || is_dynamic(type.items);
    if (type.base === 'tuple') return type.parts.some(is_dynamic);
    return type.base === 'string' || (type.base === 'bytes' && type.size === null);
  }

  // The type as a signature has it.
  function canonical(input) {
    if (!/^tuple/.test(input.type)) return input.type.replace(/^(u?int)(?=\[|$)/, '$1256');
    return '(' + input.components.map(canonical).join(',') + ')' + input.type.slice(5);
  }

  function signature(json) { return json.name + '(' + (json.inputs || []).map(canonical).join(',') + ')'; }

  // ---- Coding: hex digits without 0x, 64 a word ----------------------------------------------------------

  function zeros(count) { return new Array(count + 1).join('0'); }
  function left(digits) { return zeros(64 - digits.length) + digits; }
  function right(digits) { return digits + zeros((64 - digits.length % 64) % 64); }

  function word(value) {
    var number = web3.toBigNumber(value).integerValue(BigNumber.ROUND_DOWN);
    if (number.isLessThan(0)) number = number.plus(TWO_256);
    var digits = number.toString(16);
    if (number.isLessThan(0) || digits.length > 64 || !/^[0-9a-f]+$/.test(digits)) throw new Error('invalid number value: ' + value);
    return left(digits);
  }

  function hex_of_text(text) {
    return unescape(encodeURIComponent(text)).replace(/[\s\S]/g, function (c) { return ('0' + c.charCodeAt(0).toString(16)).slice(-2); });
  }
  function text_of_hex(digits) {
    var escaped = digits.replace(/../g, '%$&');
    try { return decodeURIComponent(escaped); } catch (e) { return unescape(escaped); }
  }

  function hex_digits(value) {
    var text = String(value);
    if (/^0x([0-9a-f]{2})*$/i.test(text)) return text.slice(2).toLowerCase();
    if (/^0x[0-9a-f]*$/i.test(text)) return '0' + text.slice(2).toLowerCase();
    return hex_of_text(text);
  }

  function encode_one(type, value) {
    switch (type.base) {
      case 'uint': case 'int': return word(value);
      case 'bool': return word(value ? 1 : 0);
      case 'address':
        if (!web3.isAddress(String(value).toLowerCase())) throw new Error('invalid address: ' + value);
        return left(String(value).replace(/^0x/i, '').toLowerCase());
      case 'string': return word(hex_of_text(String(value)).length / 2) + right(hex_of_text(String(value)));
      case 'bytes': return encode_bytes(type, hex_digits(value));
      case 'tuple': return encode_all(type.parts, fields_of(type, value));
      default: return encode_array(type, value);
    }
  }

  function encode_bytes(type, digits) {
    if (type.size === null) return word(digits.length / 2) + right(digits);
    if (digits.length > 2 * type.size) throw new Error('more than ' + type.size + ' bytes: 0x' + digits);
    return digits + zeros(64 - digits.length);
  }

  function encode_array(type, value) {
    if (!Array.isArray(value)) throw new Error('an array is needed, got ' + value);
    if (type.count !== null && value.length !== type.count) throw new Error('an array of ' + type.count + ' is needed, got ' + value.length);
    var body = encode_all(value.map(function () { return type.items; }), value);
    return type.count === null ? word(value.length) + body : body;
  }

  function fields_of(type, value) {
    return Array.isArray(value) ? value : type.names.map(function (name) { return value[name]; });
  }

  function encode_all(types, values) {
    var heads = [], tails = '', coded = types.map(function (type, at) { return encode_one(type, values[at]); });
    var size = types.reduce(function (sum, type, at) { return sum + (is_dynamic(type) ? 32 : coded[at].length / 2); }, 0);
    types.forEach(function (type, at) {
      if (!is_dynamic(type)) { heads.push(coded[at]); return; }
      heads.push(word(size + tails.length / 2));
      tails += coded[at];
    });
    return heads.join('') + tails;
  }

  function number_at(data, at) { return new BigNumber(data.substr(2 * at, 64) || '0', 16); }
  function place_at(data, at) {
    var place = number_at(data, at).toNumber();
    if (place > data.length / 2) throw new Error('the answer is shorter than its ABI says');
    return place;
  }

  // Bytes that a value takes in the heads.
  function head_size(type) {
    if (is_dynamic(type)) return 32;
    if (type.base === 'array') return type.count * head_size(type.items);
    if (type.base === 'tuple') return type.parts.reduce(function (sum, part) { return sum + head_size(part); }, 0);
    return 32;
  }

  function decode_one(type, data, at) {
    switch (type.base) {
      case 'uint': return number_at(data, at);
      case 'int':
        var number = number_at(data, at);
        return number.isLessThan(TWO_256.dividedBy(2)) ? number : number.minus(TWO_256);
      case 'bool': return !number_at(data, at).isZero();
      case 'address': return '0x' + data.substr(2 * at + 24, 40);
      case 'string': return text_of_hex(data.substr(2 * at + 64, 2 * place_at(data, at)));
      case 'bytes':
        if (type.size !== null) return '0x' + data.substr(2 * at, 2 * type.size);
        return '0x' + data.substr(2 * at + 64, 2 * place_at(data, at));
      case 'tuple': return decode_all(type.parts, data.slice(2 * at));
      default: return decode_array(type, data, at);
    }
  }

  function decode_array(type, data, at) {
    var count = type.count === null ? place_at(data, at) : type.count, types = [];
    for (var i = 0; i < count; i++) types.push(type.items);
    return decode_all(types, data.slice(2 * (type.count === null ? at + 32 : at)));
  }

  function decode_all(types, data) {
    var at = 0;
    return types.map(function (type) {
      var from = at;
      at += head_size(type);
      return decode_one(type, data, is_dynamic(type) ? place_at(data, from) : from);
    });
  }

  // ---- Filters: polled ------------------------------------------------------------------------------------

  function block_number(block) { return typeof block === 'string' && /^[a-z]+$/.test(block) ? block : web3.toHex(block); }

  function log_options(options) {
    var out = {};
    ['fromBlock', 'toBlock'].forEach(function (key) { if (options[key] !== undefined) out[key] = block_number(options[key]); });
    ['address', 'topics'].forEach(function (key) { if (options[key] !== undefined) out[key] = options[key]; });
    return out;
  }

  // `kind` is 'latest', 'pending' or the options of a log filter; `format` makes of a log what is handed out.
  function Filter(kind, format) {
    this.callbacks = [];
    internals.hide(this, 'kind', kind);
    internals.hide(this, 'format', format || function (log) { return log; });
    internals.hide(this, 'next', null);
    internals.hide(this, 'timer', null);
  }

  Filter.prototype.get = function (callback) {
    var self = this;
    return answer_to(callback, function () {
      return typeof self.kind === 'string' ? [] : eth.getLogs(log_options(self.kind)).map(self.format);
    });
  };

  Filter.prototype.watch = function (callback) {
    var self = this;
    this.callbacks.push(callback);
    if (this.timer !== null) return this;
    this.next = eth.blockNumber + 1;
    if (typeof this.kind !== 'string' && typeof this.kind.fromBlock === 'number') this.next = this.kind.fromBlock;
    this.timer = internals.set_interval(function () { self.poll(); }, POLL_MS);
    return this;
  };

  Filter.prototype.stopWatching = function (callback) {
    if (this.timer !== null) internals.clear_interval(this.timer);
    this.timer = null;
    this.callbacks = [];
    if (callback) callback(null, true);
    return true;
  };

  Filter.prototype.news = function (first, last) {
    var out = [];
    if (typeof this.kind !== 'string') {
      var options = log_options(this.kind);
      options.fromBlock = web3.toHex(first);
      options.toBlock = web3.toHex(last);
      return eth.getLogs(options).map(this.format);
    }
    for (var number = first; number <= last; number++) out.push(eth.getBlock(number).hash);
    return out;
  };

  Filter.prototype.poll = function () {
    var head = eth.blockNumber, items;
    if (head < this.next) { this.next = Math.min(this.next, head + 1); return; }
    try { items = this.news(this.next, head); } catch (e) { this.tell(e); return; }
    this.next = head + 1;
    items.forEach(function (item) { this.tell(null, item); }, this);
  };

  Filter.prototype.tell = function (error, item) {
    this.callbacks.forEach(function (callback) { callback(error, item); });
  };

  eth.filter = shown_as('function(options, callback)', function (options, callback) {
    var filter = new Filter(options);
    if (callback) filter.watch(callback);
    return filter;
  });

  // ---- Methods of a contract ------------------------------------------------------------------------------

  function is_constant(json) { return json.constant === true || json.stateMutability === 'view' || json.stateMutability === 'pure'; }
  function is_payable(json) { return json.payable === true || json.stateMutability === 'payable' || (json.payable === undefined && json.stateMutability === undefined); }

  // The arguments, then perhaps an object of transaction options, a block and a callback.
  function split(json, given) {
    var args = Array.prototype.slice.call(given), inputs = json.inputs || [], out = { options: {} };
    if (typeof args[args.length - 1] === 'function') out.callback = args.pop();
    if (args.length === inputs.length + 2) out.block = block_number(args.pop());
    if (args.length === inputs.length + 1 && args[args.length - 1] !== null && typeof args[args.length - 1] === 'object' &&
        !Array.isArray(args[args.length - 1])) out.options = args.pop();
    if (args.length !== inputs.length) throw new Error('Invalid number of arguments to Solidity function');
    out.args = args;
    return out;
  }

  function contract_method(json, address) {
    var selector = web3.sha3(signature(json)).slice(0, 10), outputs = (json.outputs || []).map(type_of);

    function payload(parts) {
      var out = {};
      Object.keys(parts.options).forEach(function (key) { out[key] = parts.options[key]; });
      if (out.value && web3.toBigNumber(out.value).isGreaterThan(0) && !is_payable(json)) {
        throw new Error('Cannot send value to non-payable function');
      }
      out.to = address;
      out.data = selector + encode_all((json.inputs || []).map(type_of), parts.args);
      return out;
    }

    function unpack(answer) {
      if (!answer || answer === '0x') return outputs.length === 1 && answer === undefined ? undefined : answer;
      var values = decode_all(outputs, answer.slice(2));
      return values.length === 1 ? values[0] : values;
    }

    function call() {
      var parts = split(json, arguments);
      return answer_to(parts.callback, function () { return unpack(eth.call(payload(parts), parts.block)); });
    }
    function send() {
      var parts = split(json, arguments);
      return answer_to(parts.callback, function () { return eth.sendTransaction(payload(parts)); });
    }

    var method = shown_as('function()', is_constant(json) ? call : send);
    internals.hide(method, 'call', shown_as('function()', call));
    internals.hide(method, 'sendTransaction', shown_as('function()', send));
    internals.hide(method, 'estimateGas', shown_as('function()', function () {
      var parts = split(json, arguments);
      return answer_to(parts.callback, function () { return eth.estimateGas(payload(parts)); });
    }));
    internals.hide(method, 'getData', shown_as('function()', function () { return payload(split(json, arguments)).data; }));
    return method;
  }

  // ---- Events of a contract -------------------------------------------------------------------------------

  function decode_event(json, log) {
    var inputs = json.inputs || [], topics = log.topics.slice(json.anonymous ? 0 : 1), out = {};
    var plain = inputs.filter(function (input) { return !input.indexed; });
    var values = decode_all(plain.map(type_of), log.data.slice(2));
    inputs.forEach(function (input) {
      if (!input.indexed) { out[input.name] = values.shift(); return; }
      var type = type_of(input), topic = topics.shift();
      // Of what does not fit a word there is its hash only.
      out[input.name] = is_dynamic(type) || type.parts || type.items ? topic : decode_one(type, topic.slice(2), 0);
    });
    log.event = json.name;
    log.args = out;
    delete log.data;
    delete log.topics;
    return log;
  }

  function topic_of(type, value) {
    if (value === null || value === undefined) return null;
    if (Array.isArray(value)) return value.map(function (one) { return topic_of(type, one); });
    if (type.base === 'string') return web3.sha3(String(value));
    return '0x' + encode_one(type, value);
  }

  function event_filter(json, address) {
    return shown_as('function()', function (indexed, options, callback) {
      if (typeof indexed === 'function') { callback = indexed; indexed = {}; options = {}; }
      if (typeof options === 'function') { callback = options; options = {}; }
      var kind = log_options(options || {});
      kind.address = address;
      kind.topics = json.anonymous ? [] : [web3.sha3(signature(json))];
      (json.inputs || []).filter(function (input) { return input.indexed; }).forEach(function (input) {
        kind.topics.push(topic_of(type_of(input), (indexed || {})[input.name]));
      });
      var filter = new Filter(kind, function (log) { return decode_event(json, log); });
      if (callback) filter.watch(callback);
      return filter;
    });
  }

  function all_events(abi, address) {
    var by_topic = {};
    abi.forEach(function (json) { if (json.type === 'event') by_topic[web3.sha3(signature(json))] = json; });
    return shown_as('function()', function (options, callback) {
      if (typeof options === 'function') { callback = options; options = {}; }
      var kind = log_options(options || {});
      kind.address = address;
      var filter = new Filter(kind, function (log) {
        var json = by_topic[log.topics[0]];
        return json ? decode_event(json, log) : log;
      });
      if (callback) filter.watch(callback);
      return filter;
    });
  }

  // ---- Contracts ------------------------------------------------------------------------------------------

  function Contract(abi, address) {
    this.address = address;
    this.abi = abi;
  }

  // A method of an overloaded name is under the name, the first one, and under name[types].
  function put_members(contract) {
    contract.abi.forEach(function (json) {
      if (json.type !== 'function' && json.type !== 'event') return;
      var member = json.type === 'event' ? event_filter(json, contract.address) : contract_method(json, contract.address);
      if (contract[json.name] === undefined) contract[json.name] = member;
      internals.hide(contract[json.name], (json.inputs || []).map(canonical).join(','), member);
    });
    contract.allEvents = all_events(contract.abi, contract.address);
  }

  function constructor_of(abi) {
    return abi.filter(function (json) { return json.type === 'constructor'; })[0] || { type: 'constructor', inputs: [], payable: false };
  }

  // Bytecode with the constructor's arguments.
  function creation(abi, parts) {
    var json = constructor_of(abi), out = {};
    Object.keys(parts.options).forEach(function (key) { out[key] = parts.options[key]; });
    if (out.value && web3.toBigNumber(out.value).isGreaterThan(0) && !is_payable(json)) {
      throw new Error('Cannot send value to non-payable constructor');
    }
    var data = out.data || out.bytecode || '';
    delete out.bytecode;
    if (data !== '' && !/^0x/.test(data)) data = '0x' + data;
    out.data = data + encode_all((json.inputs || []).map(type_of), parts.args);
    return out;
  }

  // Looks for the receipt until it is there; after 50 blocks it gives up, as web3 does.
  function await_address(contract, callback) {
    var first = eth.blockNumber, seen = -1;
    var timer = internals.set_interval(function () {
      var head = eth.blockNumber, receipt = head === seen ? null : eth.getTransactionReceipt(contract.transactionHash);
      seen = head;
      if (!receipt && head <= first + 50) return;
      internals.clear_interval(timer);
      var error = null;
      if (!receipt) error = new Error("Contract transaction couldn't be found after 50 blocks");
      else if (eth.getCode(receipt.contractAddress).length <= 3) error = new Error("The contract code couldn't be stored, please check your gas amount.");
      if (!error) {
        contract.address = receipt.contractAddress;
        put_members(contract);
      }
      if (callback) callback(error, error ? undefined : contract);
      else if (error) throw error;
    }, POLL_MS);
  }

  function Factory(abi) {
    var self = this, json = constructor_of(abi);
    this.abi = abi;
    internals.hide(this, 'eth', eth);
    this.new = shown_as('function()', function () {
      var parts = split(json, arguments), contract = new Contract(abi);
      contract.transactionHash = null;
      return answer_to(null, function () {
        try { contract.transactionHash = eth.sendTransaction(creation(abi, parts)); } catch (e) {
          if (!parts.callback) throw e;
          parts.callback(e);
          return undefined;
        }
        if (parts.callback) parts.callback(null, contract);
        await_address(contract, parts.callback);
        return contract;
      });
    });
    internals.hide(this.new, 'getData', shown_as('function()', function () { return creation(abi, split(json, arguments)).data; }));
    this.getData = this.new.getData;
    this.at = shown_as('function(address, callback)', function (address, callback) {
      var contract = new Contract(self.abi, address);
      put_members(contract);
      if (callback) callback(null, contract);
      return contract;
    });
  }

  eth.contract = shown_as('function(abi)', function (abi) { return new Factory(abi); });
})
