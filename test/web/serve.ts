/**
 * Serves the console over the fixture desk: `node test/web/serve.ts [night|empty|many] [port]`. For looking at screens.
 * Time runs as it does on the wall, from the fixture's night on.
 */
import { serve } from '@hono/node-server';
import { localAccess } from '../../src/api/access/access.ts';
import { createApi } from '../../src/api/routes.ts';
import { fixtureDesk } from './fixture-desk.ts';
import { memoryUploads } from './memory-uploads.ts';

const kind = (process.argv[2] ?? 'night') as 'night' | 'empty' | 'many';
const port = Number(process.argv[3] ?? 8099);
const { desk, time } = fixtureDesk(kind);
setInterval(() => time.advanceTo(time.now().add({ seconds: 1 })), 1000);
const app = createApi({
  desk,
  time,
  access: localAccess({ name: 'M. Oduya', mayAct: true, csrf: 'fixture-csrf' }),
  webRoot: new URL('../../dist/web', import.meta.url).pathname,
  deskName: 'Harbour Trust',
  site: {
    caName: 'Harbour Trust',
    contact: 'problem-reporting@ca.example',
    publicUrl: 'https://ca.example',
    policyUrl: 'https://ca.example/cps',
  },
  uploads: memoryUploads(),
  virtualTime: false,
  tickMs: 2000,
  onError: (error) => console.error(error),
});
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (info) => console.log(`http://127.0.0.1:${info.port}`));
