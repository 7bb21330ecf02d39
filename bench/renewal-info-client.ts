/** Asks for renewal information over keep-alive connections from a thread of its own, and counts the answers. */
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';

const { host, port, tls, paths, connections, pipelined, milliseconds } = workerData as {
  host: string;
  port: number;
  /** Over TLS, without asking who it is: the peer's certificate was made for this run. */
  tls: boolean;
  paths: readonly string[];
  connections: number;
  /** Requests under way per connection. */
  pipelined: number;
  milliseconds: number;
};

let answered = 0;
let refused = 0;
let next = 0;
const startedAt = performance.now();
const request = () =>
  `GET ${paths[next++ % paths.length]} HTTP/1.1\r\nhost: bench\r\nuser-agent: rescind-bench\r\n\r\n`;

await Promise.all(Array.from({ length: connections }, () => ask()));
parentPort!.postMessage({ answered, refused, seconds: (performance.now() - startedAt) / 1000 });

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const begin = () => socket.write(Array.from({ length: pipelined }, request).join(''));
    const socket = tls ? connectTls({ port, host, rejectUnauthorized: false }, begin) : connectPlain(port, host, begin);
    let tail = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      const seen = tail + text;
      const found = seen.match(/HTTP\/1\.1 \d\d\d/g) ?? [];
      for (const status of found) status.endsWith('200') ? answered++ : refused++;
      // A status line may be cut in two; what has been counted must not be counted again.
      tail = seen.slice(-11).replace(/HTTP\/1\.1 \d\d\d/, '');
      if (performance.now() - startedAt > milliseconds) {
        socket.destroy();
        resolve();
      } else if (found.length > 0) socket.write(found.map(request).join(''));
    });
    socket.on('error', reject);
  });
}
