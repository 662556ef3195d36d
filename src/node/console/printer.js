// How values and errors are shown, as geth's console shows them. `native` is the host, `internals` receives
// what the host calls.
(function (native, internals) {
  'use strict';

  var DEEPEST = 3;
  // Frames of geth's own web3.js: people paste them into search engines together with the message.
  var WEB3_FRAMES = ['web3.js:3143:20', 'web3.js:6347:15', 'web3.js:5081:36'];
  var BORING = /^(valueOf|toString|toLocaleString|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|constructor|_.*)$/;
  var heads = {};

  internals.remember_head = function (name, parameters) { heads[name] = parameters; };

  function class_of(value) { return Object.prototype.toString.call(value).slice(8, -1); }

  function spaces(count) { return new Array(count + 1).join(' '); }

  // As Go's %q: what cannot be printed is escaped, letters of any script stay.
  function quote(text) {
    var named = { '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '"': '\\"', '\\': '\\\\' };
    return '"' + text.replace(/["\\\x00-\x1f\x7f-\xa0\u00ad\u2028\u2029\ufeff]/g, function (c) {
      if (named[c]) return named[c];
      var code = c.charCodeAt(0).toString(16);
      return code.length < 3 && c < '\x80' ? '\\x' + ('0' + code).slice(-2) : '\\u' + ('000' + code).slice(-4);
    }) + '"';
  }

  function head_of(fn) {
    if (typeof fn.head === 'string') return fn.head;
    var name = /^function\s*([\w$]*)/.exec(Function.prototype.toString.call(fn));
    var known = heads[(name ? name[1] : '') + '/' + fn.length];
    return 'function' + (name && name[1] ? ' ' + name[1] : '') + '(' + (known || '') + ')';
  }

  function get(object, key) {
    try { return object[key]; } catch (e) { return undefined; }
  }

  // Own keys and those of the prototype: values sorted, then functions sorted.
  function fields(object) {
    var values = [], methods = [], seen = {}, read = {};
    function add(key) {
      if (BORING.test(key) || Object.prototype.hasOwnProperty.call(seen, key)) return;
      seen[key] = true;
      read[key] = get(object, key);
      (typeof read[key] === 'function' ? methods : values).push(key);
    }
    Object.keys(object).forEach(add);
    var prototype = Object.getPrototypeOf(object);
    if (prototype && prototype !== Object.prototype) Object.getOwnPropertyNames(prototype).forEach(add);
    return { keys: values.sort().concat(methods.sort()), read: read };
  }

  function show_array(value, level) {
    if (value.length === 0) return '[]';
    if (level > DEEPEST) return '[...]';
    var shown = [];
    for (var i = 0; i < value.length; i++) shown.push(show(get(value, i), level + 1, true));
    return '[' + shown.join(', ') + ']';
  }

  function show_object(value, level, in_array) {
    if (BigNumber.isBigNumber(value)) return value.toString();
    var all = fields(value);
    if (all.keys.length === 0) return '{}';
    if (level > DEEPEST) return '{...}';
    var lines = all.keys.map(function (key) {
      return spaces(2 * (level + 1)) + key + ': ' + show(all.read[key], level + 1, false);
    });
    return '{\n' + lines.join(',\n') + '\n' + spaces(2 * (in_array ? level - 1 : level)) + '}';
  }

  function show(value, level, in_array) {
    if (typeof value === 'string') return quote(value);
    if (typeof value === 'function') return head_of(value);
    if (value === null || typeof value !== 'object') return String(value);
    var kind = class_of(value);
    if (kind === 'Array') return show_array(value, level);
    if (kind === 'Object') return show_object(value, level, in_array);
    if (kind === 'RegExp') return String(value);
    if (typeof value.toString === 'function' && level <= DEEPEST) return '<' + kind + ' ' + value.toString() + '>';
    return '<' + kind + '>';
  }

  internals.inspect = function (value) { return show(value, 0, false); };

  // The engine's words for what otto, geth's engine, says otherwise.
  var TRANSLATIONS = [
    [/^identifier '([^']*)' undefined$/, "'$1' is not defined"],
    [/^.* not callable \(property '([^']*)' of .*\)$/, "'$1' is not a function"],
    [/^cannot read property '?([^' ]*)'? of (undefined|null)$/, "Cannot access member '$1' of $2"],
    [/^cannot read property of (undefined|null).*$/, 'Cannot access member of $1']
  ];

  function translate(message) {
    for (var i = 0; i < TRANSLATIONS.length; i++) {
      if (TRANSLATIONS[i][0].test(message)) return message.replace(TRANSLATIONS[i][0], TRANSLATIONS[i][1]);
    }
    return message;
  }

  // The engine knows lines only. The column is looked for in the text: where the name stands that the message
  // tells, or the constructor that made the error, or the call.
  function column_of(line, message) {
    var name = /^'([\w$]+)' is not (defined|a function)/.exec(message);
    var found = null;
    if (name && name[2] === 'defined') found = new RegExp('(^|[^\\w$.])(' + name[1].replace(/\$/g, '\\$') + ')(?![\\w$])').exec(line);
    if (name && name[2] !== 'defined') found = new RegExp('()([\\w$][\\w$.]*\\.)?' + name[1].replace(/\$/g, '\\$') + '\\s*\\(').exec(line);
    if (!found) found = /(\bthrow\s+new\s+)[\w$]/.exec(line);
    if (!found) found = /^(\s*)/.exec(line);
    return found.index + found[1].length + 1;
  }

  // The innermost frame of what the user wrote: scripts of ours are not his to mend.
  function user_line(error, file) {
    var own = /\((?!web3\.js|printer\.js|bignumber\.js|\[)([^()]*):(\d+)\)(?! internal)/.exec(error.stack || '');
    if (own) return { file: own[1], line: Number(own[2]) };
    return { file: file, line: 1 };
  }

  internals.describe_error = function (error, source, file) {
    if (!(error instanceof Error)) return show(error, 0, false);
    var name = String(error.name), message = translate(String(error.message));
    var at = user_line(error, file);
    if (error instanceof SyntaxError) {
      var parse = /^(.*?) ?\(line (\d+)(, [^)]*)?\)$/.exec(message);
      if (parse) return name + ': (anonymous): Line ' + parse[2] + ': ' + parse[1] + (parse[3] || '');
    }
    var text = (name ? name + ': ' : '') + message;
    var hint = error.remedy || internals.hint_for(name, message);
    if (hint) text += '\n' + hint;
    if (error.from_node) WEB3_FRAMES.forEach(function (frame) { text += '\n    at ' + frame; });
    var line = at.file === file ? source.split('\n')[at.line - 1] || '' : '';
    return text + '\n    at ' + at.file + ':' + at.line + ':' + column_of(line, message);
  };
})
