import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import type { Plugin } from 'vite';

const compress = promisify(brotliCompress);

/** Smaller files gain nothing that a packet would not hold anyway. */
const leastBytes = 1024;

/** Puts `FILE.br` beside every asset that shrinks by it; the server sends it to browsers that take it. */
export function precompress(): Plugin {
  let folder = '';
  return {
    name: 'podvirt-precompress',
    apply: 'build',
    configResolved: (config) => {
      folder = path.resolve(config.root, config.build.outDir, config.build.assetsDir);
    },
    closeBundle: async () => {
      for (const name of await readdir(folder)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const file = path.join(folder, name);
        const content = await readFile(file);
        if (content.length < leastBytes) continue;
        const smaller = await compress(content);
        if (smaller.length < content.length) await writeFile(`${file}.br`, smaller);
      }
    },
  };
}
