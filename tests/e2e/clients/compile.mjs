// contracts.sol by its compiler's default settings.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import solc from 'solc';

export const compilerVersion = () => solc.version();

export function compile() {
  const input = {
    language: 'Solidity',
    sources: { 'contracts.sol': { content: fs.readFileSync(new URL('contracts.sol', import.meta.url), 'utf8') } },
    settings: { outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.bytecode.opcodes', 'metadata'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((entry) => entry.severity === 'error');
  assert.deepEqual(errors, []);
  return output.contracts['contracts.sol'];
}
