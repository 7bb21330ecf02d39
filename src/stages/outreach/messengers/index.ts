/** The messengers there are. Only this list and `main/wiring.ts` name one. */

export { type SmsSettings, smsDefaults, smsMessenger } from './sms.ts';
export { type MailTransport, type SmtpSettings, smtpDefaults, smtpMessenger } from './smtp.ts';
export { type PushSubscription, type WebPushSettings, webPushDefaults, webPushMessenger } from './web-push.ts';
export { type WebhookSettings, type WebhookTarget, webhookMessenger } from './webhook.ts';
