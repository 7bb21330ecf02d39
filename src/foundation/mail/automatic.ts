/**
 * Did a person press "send"? RFC 3834 and what software does instead of it. The answer only ever suppresses *our*
 * automatic reply and tells an answer from a vacation note; it never decides whether something is a report, because
 * scanners and telephone bridges file genuine reports with these headers.
 */
import type { AutomaticKind } from './message.ts';

export interface AutomaticSigns {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Content type of the root and its parameters. */
  readonly rootType: string;
  readonly reportType: string;
  /** Lower case address of From; empty without one. */
  readonly from: string;
  readonly returnPath: string | null;
  readonly subject: string;
  readonly hasDeliveryStatus: boolean;
  readonly hasDisposition: boolean;
  readonly hasFeedback: boolean;
  readonly hasCalendar: boolean;
}

export function automaticKind(signs: AutomaticSigns): AutomaticKind {
  const value = (name: string): string => (signs.headers.get(name)?.[0] ?? '').trim().toLowerCase();
  const has = (name: string): boolean => signs.headers.has(name);
  if (signs.hasFeedback || signs.reportType === 'feedback-report' || has('x-arf') || has('x-xarf')) {
    return 'feedback-report';
  }
  if (signs.hasDisposition || signs.reportType === 'disposition-notification') return 'read-receipt';
  if (isBounce(signs, has)) return 'bounce';
  const submitted = value('auto-submitted').replace(/[;\s(].*$/, '');
  if (submitted === 'auto-replied' || isVacation(signs, value, has)) return 'auto-reply';
  if (signs.hasCalendar) return 'calendar';
  if (
    has('list-id') ||
    has('list-unsubscribe') ||
    has('list-post') ||
    /^(?:bulk|list|junk)$/.test(value('precedence'))
  ) {
    return 'list';
  }
  if (submitted !== '' && submitted !== 'no') return 'auto-generated';
  if (has('feedback-id') || has('x-auto-response-suppress') || signs.returnPath === '') return 'auto-generated';
  return /^(?:no-?reply|do-?not-?reply|donotreply|noreply)[@+.-]/.test(signs.from) ? 'auto-generated' : 'no';
}

const daemon = /^(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon|mdaemon|double-bounce)@|^mailer-daemon$/;
const bounceSubject =
  /^(?:undeliver(?:able|ed)|mail delivery (?:failed|failure|subsystem|system)|delivery (?:status notification|failure|has failed|incomplete|delayed)|failure notice|returned mail|message (?:delivery|undeliverable|delayed)|warning: (?:message|could not send)|unzustellbar|nicht zustellbar|rückläufer|non remis|échec de (?:la )?remise|no se puede entregar|no entregado|impossibile recapitare|mancato recapito|onbestelbaar|não entregue|niedostarczon|недоставлен|не доставлено|teslim edilemedi|配信不能|配信に失敗|无法投递|退信|系统退信|배달되지 않음|반송)/i;

function isBounce(signs: AutomaticSigns, has: (name: string) => boolean): boolean {
  if (signs.hasDeliveryStatus || signs.reportType === 'delivery-status' || has('x-failed-recipients')) return true;
  const fromDaemon = daemon.test(signs.from);
  const nullSender = signs.returnPath === '';
  const subject = signs.subject.trim().replace(/^(?:auto(?:matic reply)?: ?)/i, '');
  return (fromDaemon && (nullSender || bounceSubject.test(subject))) || (nullSender && bounceSubject.test(subject));
}

const vacationSubject =
  /^(?:auto(?:matic|matische|mated)?[ -]?(?:reply|response|antwort|svar)|out of (?:the )?office|on vacation|away from (?:the )?office|automatische antwort|abwesenheits(?:notiz|nachricht|assistent)|abwesend|abwesenheit:|ich bin (?:nicht im büro|im urlaub)|réponse automatique|absence du bureau|absent\(?e?\)? du bureau|respuesta automática|fuera de la oficina|risposta automatica|fuori sede|automatisch antwoord|afwezig|resposta automática|ausência|autoodpowiedź|odpowiedź automatyczna|автоответ|автоматический ответ|нет на месте|otomatik yanıt|ofis dışında|自動応答|自动回复|自動回覆|자동 회신|부재중|رد تلقائي|स्वचालित उत्तर|trả lời tự động|frånvaro|autosvar|automaattinen vastaus|automatická odpověď)/i;

function isVacation(signs: AutomaticSigns, value: (name: string) => string, has: (name: string) => boolean): boolean {
  if (has('x-autoreply') || has('x-autorespond') || has('x-autoresponder') || has('x-vacation')) return true;
  if (/^(?:auto_reply|auto-reply|vacation)$/.test(value('precedence')) || value('x-precedence') === 'auto_reply')
    return true;
  if (value('x-auto-reply-from') !== '' || value('x-mail-autoreply') !== '') return true;
  return vacationSubject.test(signs.subject.trim().slice(0, 200));
}
