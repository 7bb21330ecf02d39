import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from './openapi.ts';

test('the checked-in OpenAPI document is the one the contract makes', () => {
  const checkedIn = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8')) as unknown;
  expect(checkedIn, 'run: node src/api/openapi.ts').toEqual(openApi());
});

test('every component says what it is, and is not merely a reference', () => {
  const { schemas } = (openApi() as { components: { schemas: Record<string, Record<string, unknown>> } }).components;
  for (const [name, schema] of Object.entries(schemas)) expect(Object.keys(schema), name).not.toEqual(['$ref']);
  expect(schemas.BoardRow).toMatchObject({ type: 'object', properties: { clocks: { type: 'array' } } });
  expect(Object.keys(schemas)).toHaveLength(new Set(Object.keys(schemas)).size);
});

test('every reference in the document leads somewhere', () => {
  const document = openApi() as { components: { schemas: Record<string, unknown> } };
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(50);
  for (const name of names) expect(Object.keys(document.components.schemas)).toContain(name);
});
