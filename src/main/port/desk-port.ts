/** The whole desk as the API sees it. */
import type { DeskPort, HouseAct } from '../../api/port.ts';
import type { Desk } from '../wiring.ts';
import { deskAdoption } from './adoption.ts';
import { deskAutomation } from './automation.ts';
import { caseReader } from './case-reader.ts';
import { deskCommands } from './commands.ts';
import { deskContacts } from './contacts.ts';
import { signedLinks } from './links.ts';
import { deskPolicyPort } from './policy.ts';
import { deskPrivacy } from './privacy.ts';
import { deskPublic } from './public.ts';
import { deskQueries } from './queries.ts';
import { deskReadiness } from './readiness.ts';
import { tryRules } from './rules-lab.ts';
import { deskWebhooks } from './webhooks.ts';

/** `secret` signs links for people outside; `record` writes acts on the house into the event log. */
export function deskPort(desk: Desk, secret: Buffer, record: (act: HouseAct) => Promise<void>): DeskPort {
  const reader = caseReader(desk.store);
  return {
    ...deskQueries(desk, reader),
    ...deskCommands(desk),
    ...deskContacts(desk),
    ...deskPublic(desk, signedLinks(secret, desk.time), desk.parts.sender.replyAddress),
    ...deskPolicyPort({ desk, openCases: reader.openCases, record }),
    ...deskReadiness(desk),
    ...deskPrivacy(desk, record),
    ...deskWebhooks(desk, secret, record),
    ...deskAutomation(desk),
    adoption: (query) => deskAdoption(desk, query),
    tryRules: (wanted) => tryRules(desk, wanted),
  };
}
