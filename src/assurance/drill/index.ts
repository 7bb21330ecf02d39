/** Practice, and what it shows: drills that are owed, and how fast people recognise, route, take and decide. */
export {
  byTeam,
  type DrillDue,
  type DrillPlan,
  type DrillRun,
  drillPlans,
  drillsDue,
  type Scoreboard,
  scoreboard,
  targets,
} from './competency.ts';
export {
  type AuditedMessage,
  type AuditResult,
  auditResult,
  type BlindLabel,
  sample,
} from './routing-audit.ts';
