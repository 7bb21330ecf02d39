/** The messengers there are. Only this list and `main/wiring.ts` name one. */
export { type MailTransport, type SmtpSettings, smtpDefaults, smtpMessenger } from './smtp.ts';
export { type WebhookSettings, type WebhookTarget, webhookMessenger } from './webhook.ts';
