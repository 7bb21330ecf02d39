/** The pages for people outside the house. They work without scripts and tell nothing to those without the link. */
import type { Env, Hono } from 'hono';
import { html } from 'hono/html';
import { isRefusal } from '../../desk/refusal.ts';
import { rfc3339, type Time } from '../../foundation/time/time.ts';
import { SubscriberAnswer } from '../contract/index.ts';
import type { DeskPort } from '../port.ts';
import { ProblemError } from '../problem.ts';
import { schemasPath } from '../report-schemas.ts';
import { type ReceiveOptions, receiveReport } from '../reports/receive.ts';
import { acmeGuide } from './acme-guide.ts';
import { evidencePage } from './evidence-page.ts';
import { type PublicSite, publicPage } from './layout.ts';
import { renewalPage } from './renewal-page.ts';
import { filesForm, reportForm, reportReceived } from './report-page.ts';
import { statusPage } from './status-page.ts';
import { publicStyle } from './style.ts';
import { subscriberPage } from './subscriber-page.ts';

export type { PublicSite } from './layout.ts';

const answerTextMax = 10_000;
/** RFC 9116: the file has to say until when it can be believed. */
const securityTxtValid = Temporal.Duration.from({ hours: 24 * 90 });

export function addPublicPages<E extends Env>(
  app: Hono<E>,
  options: { desk: DeskPort; time: Time; site: PublicSite; receive: ReceiveOptions; resumable: boolean },
): void {
  const { desk, time, site, resumable } = options;
  const gone = html`<h1>This link does not lead anywhere</h1>
<p>It may be mistyped, shortened by a mail program, or too old. Nothing is lost by that: your report or certificate is with us. Write to <a href="mailto:${site.contact}">${site.contact}</a>.</p>`;

  app.get('/public.css', (context) => {
    context.header('content-type', 'text/css; charset=utf-8');
    context.header('cache-control', 'public, max-age=3600');
    return context.body(publicStyle);
  });

  app.get('/report', (context) =>
    publicPage(context, { title: 'Report a problem', site, scripts: true, body: reportForm(site, null, resumable) }),
  );
  // Apart from the form above, whose policy promises that it connects to nothing.
  if (resumable)
    app.get('/report/files', (context) =>
      publicPage(context, {
        title: 'Report with large files',
        site,
        scripts: true,
        connects: true,
        body: filesForm(site),
      }),
    );
  app.post('/report', async (context) => {
    try {
      const accepted = await receiveReport(context, 'web-form', options.receive);
      if (accepted.statusUrl !== null) return context.redirect(accepted.statusUrl, 303);
      return publicPage(context, { title: 'Received', site, body: reportReceived(accepted) });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const status = error.problem.status as 400 | 413 | 415 | 422 | 429;
      return publicPage(context, {
        title: 'Not sent',
        site,
        scripts: true,
        status,
        body: reportForm(site, error.problem, resumable),
      });
    }
  });
  // Where it stood at first.
  app.get('/api/v1/report-schema', (context) => context.redirect(`${schemasPath}/report.json`, 301));

  const { evidence } = site;
  if (evidence !== undefined) {
    app.get('/evidence', (context) =>
      publicPage(context, { title: 'What counts as proof', site, body: evidencePage(evidence) }),
    );
    app.get('/api/v1/evidence-policy', (context) => context.json(evidence));
  }

  app.get('/guides/acme', (context) => publicPage(context, { title: 'Renew by itself', site, body: acmeGuide() }));

  app.get('/status/:token', async (context) => {
    const status = await desk.reporterStatus(context.req.param('token'));
    if (status === null) return publicPage(context, { title: 'No such link', site, status: 404, body: gone });
    return publicPage(context, { title: 'Your report', site, body: statusPage(status) });
  });

  app.get('/subscriber/:token', async (context) => {
    const status = await desk.subscriberStatus(context.req.param('token'));
    if (status === null) return publicPage(context, { title: 'No such link', site, status: 404, body: gone });
    return publicPage(context, { title: 'Your certificates', site, body: subscriberPage(status, null, null) });
  });
  app.post('/subscriber/:token', async (context) => {
    const token = context.req.param('token');
    const before = await desk.subscriberStatus(token);
    if (before === null) return publicPage(context, { title: 'No such link', site, status: 404, body: gone });
    const data = await context.req.formData().catch(() => new FormData());
    const answer = SubscriberAnswer.safeParse(data.get('answer'));
    const text = data.get('text');
    if (!answer.success) {
      const body = subscriberPage(before, null, 'Choose one of the answers.');
      return publicPage(context, { title: 'Your certificates', site, status: 422, body });
    }
    const words = typeof text === 'string' ? text.slice(0, answerTextMax) : '';
    const after = await desk.answerAsSubscriber(token, answer.data, words);
    if (after === null) return publicPage(context, { title: 'No such link', site, status: 404, body: gone });
    if (isRefusal(after)) {
      const body = subscriberPage(before, null, after.message);
      return publicPage(context, { title: 'Your certificates', site, status: 409, body });
    }
    return publicPage(context, { title: 'Your certificates', site, body: subscriberPage(after, answer.data, null) });
  });

  app.get('/renewal/:certificateId', async (context) => {
    const explanation = await desk.renewalExplanation(context.req.param('certificateId'));
    if (explanation === null) {
      const body = html`<h1>Nothing is known against this certificate</h1><p>No early renewal was asked for, or the id is mistyped.</p>`;
      return publicPage(context, { title: 'Renewal', site, status: 404, body });
    }
    return publicPage(context, { title: 'Why renew now', site, body: renewalPage(explanation) });
  });

  app.get('/.well-known/security.txt', (context) => {
    const lines = [
      `Contact: mailto:${site.contact}`,
      `Contact: ${site.publicUrl}/report`,
      `Expires: ${rfc3339(time.now().add(securityTxtValid))}`,
      'Preferred-Languages: en',
      `Canonical: ${site.publicUrl}/.well-known/security.txt`,
      ...(site.policyUrl === null ? [] : [`Policy: ${site.policyUrl}`]),
    ];
    return context.text(`${lines.join('\n')}\n`);
  });
}
