/** Streams of a scenario unrolled into items: one after the other, from the event that names them. */
import { at, type Instant } from '../../foundation/time/time.ts';
import type { Item } from './deliver.ts';
import type { FixtureOf, ScenarioEvent } from './schema.ts';
import { UnknownRef, type World, type WorldCertificate } from './world.ts';

/** The event itself, or the elements of the stream that it starts. */
export function streamItems(world: World, event: ScenarioEvent): readonly Item[] {
  const { stream } = event.data;
  const own: Item = {
    name: String(event.seq),
    at: at(event.at),
    channel: event.channel,
    text: event.text,
    data: event.data,
  };
  if (stream === undefined) return [own];
  const fixture = world.fixture(stream);
  if (fixture?.build === 'request-stream') return requests(world, fixture, own);
  if (fixture?.build === 'report-stream') return reports(world, fixture, own);
  throw new UnknownRef(stream);
}

function requests(world: World, fixture: FixtureOf<'request-stream'>, from: Item): Item[] {
  const members = world.select(fixture.of);
  return Array.from({ length: fixture.count }, (_, i) => {
    const member = members[i % members.length]!;
    return {
      name: `${fixture.ref}/${i + 1}`,
      at: after(from.at, fixture.every, i),
      channel: from.channel,
      text: world.fill(
        fixture.text.replaceAll(`{{${fixture.of}.`, `{{${member.ref}.`).replaceAll('{{member.', `{{${member.ref}.`),
        listed([member]),
      ),
      data: {
        ...from.data,
        from: `${member.subscriber.toLowerCase()}@subscriber.example`,
        subjects: [member.ref],
        asksFor: (fixture.asksFor ?? from.data.asksFor ?? 'revoke') as Item['data']['asksFor'],
        claims: from.data.claims ?? 'subscriber-request',
        forms: fixture.forms,
      },
    };
  });
}

function reports(world: World, fixture: FixtureOf<'report-stream'>, from: Item): Item[] {
  const left = fixture.reports.map((entry) => ({ entry, count: entry.count, used: 0 }));
  return Array.from({ length: fixture.count }, (_, i) => {
    const turn = nextTurn(left, i);
    const { entry } = turn;
    const taken = entry.take === 0 ? [] : world.select(entry.of).slice(turn.used, turn.used + entry.take);
    turn.used += entry.take;
    const address = `${fixture.ref.toLowerCase()}-${i + 1}@reporter.example`;
    const text = world.fill(entry.text, listed(taken));
    return {
      name: `${fixture.ref}/${i + 1}`,
      at: after(from.at, fixture.every, i),
      channel: from.channel === 'ca-system' ? 'email' : from.channel,
      text,
      data: {
        ...from.data,
        from: address,
        to: [fixture.to],
        subject: world.fill(entry.subject, listed(taken)),
        subjects: taken.map((c) => c.ref),
        claims: entry.claims,
        asksFor: entry.asksFor as Item['data']['asksFor'],
        attachments:
          entry.attach === undefined || entry.attach === false
            ? []
            : taken.map((c) => ({
                name: `${c.serial}.pem`,
                mime: 'application/x-pem-file',
                contains: [world.keyFileOf(c)],
              })),
        smtp: { status: '250', deliveredTo: fixture.to, folder: fixture.folder, heldUntil: null },
      },
    };
  });
}

interface Turn {
  readonly entry: FixtureOf<'report-stream'>['reports'][number];
  count: number;
  used: number;
}

/** The entries take turns in their order, each until its count is used up. */
function nextTurn(left: Turn[], i: number): Turn {
  for (let step = 0; step < left.length; step++) {
    const turn = left[(i + step) % left.length]!;
    if (turn.count > 0) {
      turn.count--;
      return turn;
    }
  }
  return left[0]!;
}

function after(start: Instant, every: string, n: number): Instant {
  const seconds = Temporal.Duration.from(every).total('seconds');
  return start.add({ seconds: Math.round(seconds * n) });
}

function listed(certificates: readonly WorldCertificate[]): Record<string, string> {
  return {
    serials: certificates.map((c) => c.serial).join(', '),
    names: certificates.map((c) => c.names[0] ?? '').join(', '),
  };
}
