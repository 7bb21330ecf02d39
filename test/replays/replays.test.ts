import { expect, test } from 'vitest';
import { isSmall, scenarioFiles } from './replay.ts';
import { replaySuite } from './suite.ts';

const small = scenarioFiles().filter(isSmall);

test('the published incidents are here', () => {
  expect(small.map((s) => s.file.id)).toEqual(
    expect.arrayContaining([
      'emsign-2024-key-compromise',
      'swisssign-2020-report-eaten-by-threat-filter',
      'symantec-2017-forged-private-key',
    ]),
  );
});

const elsewhere = /^(ca|evidence)-/;
replaySuite((name) => !elsewhere.test(name));
