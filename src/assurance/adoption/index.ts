export * from './automation-policy.ts';
export * from './figures.ts';
export { adoptionMigrations, earlierQuarters, keepQuarter, quarterOf } from './quarters.ts';
export {
  type AdoptionReport,
  adoptionCsv,
  adoptionHtml,
  adoptionMarkdown,
  type Earlier,
  subscribersCsv,
} from './report.ts';
