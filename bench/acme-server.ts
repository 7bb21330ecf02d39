/** The lab CA's ACME server in a process of its own, so that a bench can read what it alone costs. Prints its port. */
import { readFileSync } from 'node:fs';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { labCaApp, listen, MemoryStorage, openLabCa } from '../src/lab-ca/index.ts';

const [folder] = process.argv.slice(2);
let handler: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
const tls = { key: readFileSync(`${folder}/tls.key`, 'utf8'), cert: readFileSync(`${folder}/tls.pem`, 'utf8') };
const server = await listen((request) => handler(request), { port: 0, tls });
const ca = await openLabCa({
  storage: new MemoryStorage(),
  time: new SystemTime(),
  baseUrl: 'http://ca.bench.example',
  keyPassphrase: 'bench',
  token: 'bench',
});
// Every challenge is accepted, as Pebble does under PEBBLE_VA_ALWAYS_VALID: the bench is about the server, not the DNS.
handler = labCaApp(ca, { acme: { url: `https://127.0.0.1:${server.port}/acme`, world: null } }).fetch;
process.stdout.write(`${server.port}\n`);
