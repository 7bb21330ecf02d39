import { describe, expect, it } from 'vitest';
import { effectiveAt } from './in-force.ts';
import { rulebooks } from './rulebooks/index.ts';

const versions = rulebooks.flatMap((book) => book.versions);
const rows = versions.flatMap((v) => [...v.rules, ...v.duties]);
const ruleIds = versions.flatMap((v) => v.rules.map((r) => r.id));

describe('the rulebooks', () => {
  it('cite document, version, section and dates in every row', () => {
    for (const row of rows) {
      expect(row.document, row.id).not.toBe('');
      expect(row.version, row.id).not.toBe('');
      expect(row.section, row.id).not.toBe('');
      for (const date of [row.effectiveFrom, row.lastChecked]) expect(date, row.id).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      if (row.effectiveUntil !== null) expect(row.effectiveUntil > row.effectiveFrom, row.id).toBe(true);
    }
  });

  it('give every row its own id within its version', () => {
    for (const version of versions) {
      const ids = [...version.rules, ...version.duties].map((row) => row.id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('hold every trigger of the documents: 16, 9, 15 and 14', () => {
    const numbered = (prefix: string) => ruleIds.filter((id) => new RegExp(`^${prefix}-0*[1-9]\\d*$`).test(id)).length;
    expect(numbered('TLS')).toBe(16);
    expect(numbered('SUBCA')).toBe(9);
    expect(numbered('SMIME')).toBe(15);
    expect(numbered('CS')).toBe(14);
  });

  it('put the first five TLS triggers at 24 hours and the other eleven at five days with 24 hours as SHOULD', () => {
    for (const rule of versions.flatMap((v) => v.rules)) {
      const number = /^TLS-(0[1-9]|1[0-6])$/.exec(rule.id)?.[1];
      if (number === undefined) continue;
      expect(rule.limitSeconds).toBe(Number(number) <= 5 ? 86_400 : 432_000);
      expect(rule.softLimitSeconds).toBe(Number(number) <= 5 ? null : 86_400);
    }
  });

  it('hold the whole register of deadlines', () => {
    const register: Record<string, [number, number | null]> = {
      CPR_PRELIM_TLS: [86400, null],
      REVOKE_24H_TLS: [86400, null],
      REVOKE_5D_TLS: [432000, 86400],
      REVOKE_SUBCA: [604800, null],
      CRL_AFTER_RECORD: [86400, null],
      CRL_PERIOD_NO_OCSP: [345600, null],
      CRL_PERIOD_OCSP: [604800, null],
      CRL_NEXTUPDATE_MAX: [864000, null],
      OCSP_FIRST: [900, null],
      OCSP_REFRESH: [345600, null],
      OCSP_VALIDITY_MAX: [864000, 604800],
      OCSP_VALIDITY_MIN: [28800, null],
      CPR_PRELIM_SMIME: [86400, null],
      REVOKE_24H_SMIME: [86400, null],
      REVOKE_5D_SMIME: [432000, 86400],
      CPR_BEGIN_CS: [86400, null],
      REVOKE_24H_CS: [86400, null],
      REVOKE_5D_CS: [432000, 86400],
      MS_NOTICE: [86400, null],
      MS_SECINC: [86400, null],
      IR_INITIAL: [259200, null],
      IR_FULL: [1209600, null],
      IR_COMMENT: [604800, 86400],
      IR_UPDATE: [604800, null],
      IR_ACTION_CHANGE: [259200, null],
      IR_DELAY_UPDATE: [604800, 259200],
      IR_TEMPLATE_AGE: [2592000, null],
      CCADB_DEFAULT: [1209600, null],
      CCADB_POLICYDOC: [1209600, 604800],
      CCADB_CRLURL_REVOKE: [14400, null],
      CCADB_CRLURL_ISSUE: [604800, null],
      CCADB_SUBCA: [604800, null],
      MASSREV_TEST: [31536000, null],
      LOG_RETENTION: [63072000, null],
      SUBSCRIBER_ANSWER: [21600, null],
    };
    const duties = versions.flatMap((v) => v.duties);
    for (const [id, [limit, soft]] of Object.entries(register)) {
      const duty = duties.find((d) => d.id === id);
      expect([duty?.limitSeconds, duty?.softLimitSeconds], id).toEqual([limit, soft]);
    }
  });

  it('keep their versions in order, without gaps and without overlap', () => {
    for (const book of rulebooks) {
      book.versions.forEach((version, index) => {
        const next = book.versions[index + 1];
        if (next === undefined) expect(version.effectiveUntil, book.id).toBeNull();
        else expect(effectiveAt(next.effectiveFrom).toString()).toBe(`${version.effectiveUntil}T00:00:00Z`);
      });
    }
  });
});
