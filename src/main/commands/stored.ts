/** The commands that read what a desk has stored: inventory, incident reports, the audit log. */
import type { Command } from 'commander';
import { loadCase } from '../../app/change-case.ts';
import { eventFromJson } from '../../app/event-json.ts';
import { auditCommand } from '../../cli/audit.ts';
import { incidentCommand } from '../../cli/incident.ts';
import { inventoryCommand } from '../../cli/inventory.ts';
import { subscribersCommand } from '../../cli/subscribers.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { postgresSubscriberTokens } from '../../stages/inventory/index.ts';
import { openOffline } from '../offline.ts';
import { caseRecord } from '../port/incident.ts';
import type { CommandContext } from './context.ts';

export function storedInventoryCommand(context: CommandContext): Command {
  return inventoryCommand({
    ...context,
    fetch: (url, init) => fetch(url, init),
    open: async () => openOffline(await context.configured()),
  });
}

export function storedIncidentCommand(context: CommandContext): Command {
  return incidentCommand({
    ...context,
    open: async () => {
      const { desk, close } = await openOffline(await context.configured());
      return {
        close,
        load: async (caseId) => {
          const current = await loadCase(desk.parts.cases, caseId as CaseId);
          if (current === null) return null;
          const events = (await desk.store.cases.load(caseId)).map((e) =>
            eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
          );
          return caseRecord(desk, current, events);
        },
      };
    },
  });
}

export function storedSubscribersCommand(context: CommandContext): Command {
  return subscribersCommand({
    ...context,
    open: async () => {
      const { desk, close } = await openOffline(await context.configured());
      const { hooks } = desk;
      return { directory: desk.parts.directory, tokens: postgresSubscriberTokens(desk.pool), hooks, close };
    },
  });
}

export function storedAuditCommand(context: CommandContext): Command {
  return auditCommand({
    ...context,
    open: async () => {
      const { desk, close } = await openOffline(await context.configured());
      return { log: desk.store.log, close };
    },
  });
}
