/** The house itself over HTTP: its policy, its rules, how ready it is, and who is told of changes. */
import { rfc3339, type Time } from '../foundation/time/time.ts';
import { mustBePerson } from './authority.ts';
import type { DeskPort } from './port.ts';
import { done, notFound } from './problem.ts';
import type { On } from './routes.ts';

export function addHouseRoutes(on: On, parts: { desk: DeskPort; time: Time }): void {
  const { desk, time } = parts;
  const now = (): string => rfc3339(time.now());

  on('getPolicy', () => desk.policy());
  on('previewPolicy', ({ body }) => desk.previewPolicy(body.overlay));
  on('publishPolicy', async ({ body, who }) => {
    mustBePerson(who);
    return done(await desk.publishPolicy(body, who), 'policy');
  });
  on('decidePolicy', async ({ path, body, who }) => {
    mustBePerson(who);
    const version = path('version');
    if (!/^\d{1,9}$/.test(version)) throw notFound('version of the policy');
    return done(await desk.decidePolicy(Number(version), body, who), 'version of the policy that waits');
  });

  on('tryRules', ({ body }) => desk.tryRules(body));
  on('getReadiness', () => desk.readiness());
  on('getUnreachable', ({ query }) => desk.unreachable(query));
  on('getAdoption', ({ query }) => desk.adoption(query));
  on('getAutomationPolicies', () => desk.automationPolicies());
  on('getAutomationPolicy', ({ path, query }) => desk.automationPolicy(path('account'), query));
  on('exportReporter', ({ body, who }) => desk.reporterData(body.address, body.because, who));

  on('getWebhooks', () => desk.webhooks());
  on('addWebhook', async ({ body, who }) => done(await desk.addWebhook(body, who), 'webhook'));
  on('removeWebhook', async ({ path, who }) => ({
    now: now(),
    removed: await desk.removeWebhook(path('webhookId'), who),
  }));
}
