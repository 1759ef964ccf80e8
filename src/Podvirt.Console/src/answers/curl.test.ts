import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { curlOf } from './curl';

describe('the curl command', () => {
  it('is taken by a shell as it was meant', () => {
    const body = JSON.stringify({ model: 'a/b', messages: [{ role: 'user', content: `It's $HOME \\ "x" \`id\`\n'` }] });
    const script = `curl() { printf '%s\\0' "$@"; }; ${curlOf('http://127.0.0.1:8080', body)}`;
    const words = execFileSync('/bin/sh', ['-c', script], { env: { PODVIRT_API_KEY: 'pv-1' } }).toString().split('\0');
    expect(words.slice(0, -1)).toEqual([
      '-N',
      'http://127.0.0.1:8080/v1/chat/completions',
      '-H',
      'Authorization: Bearer pv-1',
      '-H',
      'Content-Type: application/json',
      '--data-raw',
      body,
    ]);
  });
});
