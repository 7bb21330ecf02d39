#!/usr/bin/env node
// Starts the command line under the pinned Node, whatever `node` the shell finds first.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const node = require.resolve('node/bin/node');
const main = fileURLToPath(new URL('../src/main/rescind.ts', import.meta.url));
const { status } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
