import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from './openapi.ts';

test('the checked-in OpenAPI document is the one the contract makes', () => {
  const checkedIn = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8')) as unknown;
  expect(checkedIn, 'run: node src/api/openapi.ts').toEqual(openApi());
});

test('every reference in the document leads somewhere', () => {
  const document = openApi() as { components: { schemas: Record<string, unknown> } };
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(50);
  for (const name of names) expect(Object.keys(document.components.schemas)).toContain(name);
});
