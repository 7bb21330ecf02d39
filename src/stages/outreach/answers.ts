/**
 * What a subscriber's answer by mail says. Pure, and careful in one direction: agreement lets the desk revoke sooner,
 * so only plain words of agreement without any "but" count; everything doubtful is `unclear` and a person reads it. No
 * answer of any kind moves a deadline, and none proves who sent it: that is for the caller.
 */
import type { Answer } from '../../desk/events.ts';
import type { Message } from '../../foundation/mail/message.ts';

export type MailAnswer = Answer | 'auto-reply' | 'bounce' | 'unclear';

export interface AnswerReading {
  readonly answer: MailAnswer;
  /** The words that decided, at most 80 characters; empty where none did. */
  readonly because: string;
  /** For a bounce: whether the address is gone for good. False while it may still arrive. */
  readonly permanent: boolean;
  /** Message-IDs of our letter that this answers or that came back, best first: the outbox knows which one it was. */
  readonly answers: readonly string[];
}

/** Characters of the writer's own words that are looked at. An answer is short; a long one is for a person. */
const ownCharactersMax = 4_000;

type Looked = Exclude<Answer, 'question'>;

/** In every language we write letters in. Order of the list is the order of precedence: doubt before consent. */
const phrases: readonly { readonly answer: Looked; readonly pattern: RegExp }[] = [
  {
    answer: 'disputes',
    pattern: anyOf(
      "(?:do|does|did|must|should|can|may|please)(?: not|n[’']t) (?:revoke|agree|accept)",
      'never revoke|we (?:object|dispute|disagree)|i (?:object|dispute|disagree)|not (?:compromised|true|correct|ours)|false (?:alarm|positive)',
      'widersprechen|widerspreche|nicht (?:sperren|widerrufen|einverstanden|kompromittiert|richtig)|bestreite[n]?|fehlalarm',
      "ne (?:pas )?révoque[zr](?: pas)?|nous contestons|je conteste|pas d[’']accord|n[’']est pas compromise|fausse alerte",
      'no (?:revoque|revoquen|revocar|estamos de acuerdo|estoy de acuerdo)|impugn(?:o|amos)|no está comprometid[ao]|falsa alarma',
      "non (?:revocate|revocare|revochi|siamo d[’']accordo|sono d[’']accordo|è compromess[ao])|contest(?:o|iamo)|falso allarme",
      'niet (?:intrekken|akkoord|gecompromitteerd|juist)|trek (?:\\p{L}+ ){0,4}niet in|betwist(?:en)?|maken? bezwaar|vals alarm',
      'não (?:revogue|revoguem|revogar|concord(?:o|amos)|estamos de acordo|está comprometid[ao])|contest(?:o|amos)|falso alarme',
    ),
  },
  {
    answer: 'asks-more-time',
    pattern: anyOf(
      '(?:more|additional|extra) time|extension|extend the (?:deadline|limit|period)|postpone|delay (?:the|this|it|revocation)|(?:need|give us|grant us) (?:\\p{L}+ ){0,3}(?:days?|weeks?|hours)|change freeze|until (?:next|monday|tuesday|wednesday|thursday|friday|the weekend)|hold off|wait (?:until|with)',
      'mehr zeit|fristverlängerung|frist verlängern|verlängerung|aufschub|aufschieben|bis (?:montag|nächste)|warten sie|(?:brauchen|benötigen) (?:\\p{L}+ ){0,3}(?:tage|wochen|stunden)',
      'plus de temps|délai supplémentaire|prolong(?:er|ation)|report(?:er|ez)|attend(?:re|ez)|(?:besoin|faut) (?:\\p{L}+ ){0,3}(?:jours|semaines|heures)',
      'más tiempo|prórroga|aplaz(?:ar|amiento)|ampliar el plazo|esper(?:ar|en|e)|necesitamos (?:\\p{L}+ ){0,3}(?:días|semanas|horas)',
      'più tempo|proroga|rinvi(?:are|ate|o)|posticip(?:are|ate|i)|aspett(?:are|ate|i)|(?:bisogno|servono|occorrono) (?:\\p{L}+ ){0,3}(?:giorni|settimane|ore)',
      'meer tijd|uitstel|uitstellen|verlenging|wacht(?:en)? (?:met|tot)|(?:hebben|nodig) (?:\\p{L}+ ){0,3}(?:dagen|weken|uur|uren)',
      'mais tempo|prorrogação|adi(?:ar|em|amento)|aguard(?:ar|em|e)|esper(?:ar|em)|precisamos de (?:\\p{L}+ ){0,3}(?:dias|semanas|horas)',
    ),
  },
  {
    answer: 'replaced',
    pattern: anyOf(
      '(?:have|has|been|already|was|were|now|is|are) (?:\\p{L}+ ){0,3}(?:replaced|renewed|reissued|rekeyed|re-issued|re-keyed|rotated)|(?:new|replacement) certificates? (?:is|are|has|have)(?: been)? (?:installed|deployed|in place|live)|we (?:replaced|renewed|reissued|rotated)',
      '(?:wurde|wurden|haben|bereits|schon|ist|sind) (?:\\p{L}+ ){0,5}(?:ersetzt|erneuert|ausgetauscht|getauscht)|neue[sn]? zertifikate? (?:ist|sind|wurde|wurden) (?:\\p{L}+ ){0,2}(?:installiert|aktiv)',
      '(?:avons|ai|été|est|sont|déjà) (?:\\p{L}+ ){0,5}(?:remplacé|renouvelé)[es]*',
      '(?:hemos|he|ha|han|está|están|ya|sido) (?:\\p{L}+ ){0,5}(?:reemplazad|renovad|sustituid)[oa]s?',
      '(?:abbiamo|ho|è|sono|stat[oaie]|già) (?:\\p{L}+ ){0,5}(?:sostituit|rinnovat|rimpiazzat)[oaie]',
      '(?:hebben|heb|is|zijn|werd|werden|reeds|al) (?:\\p{L}+ ){0,5}(?:vervangen|vernieuwd)',
      '(?:já|foi|foram|está|estão|temos) (?:\\p{L}+ ){0,5}(?:substituíd|renovad|trocad)[oa]s?|(?:substituímos|renovámos|renovamos|trocamos)',
    ),
  },
  {
    answer: 'agrees',
    pattern: anyOf(
      '(?:please|you (?:may|can)|feel free to|go ahead and|kindly) (?:\\p{L}+ )?revoke|go ahead|(?:we|i) (?:agree|consent)|(?:revoke|revocation) (?:is )?(?:ok|okay|fine|approved)',
      'bitte (?:\\p{L}+ ){0,3}(?:sperren|widerrufen)|(?:wir sind|ich bin|sind) einverstanden|stimmen (?:der sperrung )?zu|können sie sperren',
      "veuillez (?:\\p{L}+ )?révoquer|vous pouvez (?:\\p{L}+ )?révoquer|(?:nous sommes|je suis) d[’']accord",
      'por favor,? revo(?:quen|que|car)|pueden revocar|(?:estamos|estoy) de acuerdo|procedan',
      "(?:prego|per favore|vi preghiamo di),? (?:\\p{L}+ ){0,2}revoc(?:ate|are)|potete revocare|(?:siamo|sono) d[’']accordo|procedete pure",
      '(?:graag|gelieve) (?:\\p{L}+ ){0,4}(?:intrekken|in te trekken)|u mag (?:\\p{L}+ ){0,4}intrekken|(?:wij zijn|we zijn|ik ben|zijn) (?:het )?(?:ermee )?(?:akkoord|eens)|gaan akkoord',
      '(?:por favor,?|queiram) (?:\\p{L}+ )?revog(?:uem|ue|ar)|podem revogar|(?:estamos|estou) de acordo|concord(?:amos|o)|prossigam',
    ),
  },
  {
    answer: 'acknowledged',
    pattern: anyOf(
      '(?:we|i)(?: have| can)? (?:acknowledge|received|confirm receipt|got)|acknowledged|noted|thank(?:s| you) for (?:letting|the|your|informing)|(?:working|looking) (?:on|into) (?:it|this)|will (?:replace|renew|reissue|look into)',
      '(?:zur kenntnis|verstanden|erhalten)|danke für|kümmern uns|werden (?:\\p{L}+ ){0,4}(?:ersetzen|erneuern|austauschen)',
      'bien reçu|nous avons reçu|pris note|merci (?:de|pour)|nous (?:allons|nous en) ',
      'recibido|hemos recibido|tomamos nota|gracias por|nos (?:ponemos|encargamos)|vamos a ',
      'ricevuto|abbiamo ricevuto|preso atto|prendiamo atto|grazie (?:per|di|della)|ce ne occupiamo|provvederemo|(?:sostituiremo|rinnoveremo)',
      'ontvangen|nota genomen|ter kennis|(?:bedankt|dank(?: u)?) voor|gaan (?:\\p{L}+ ){0,4}(?:vervangen|vernieuwen)|zullen (?:\\p{L}+ ){0,4}(?:vervangen|vernieuwen)',
      'recebido|recebemos|tomámos nota|tomamos nota|obrigad[oa] p(?:or|el[oa])|vamos (?:\\p{L}+ ){0,3}(?:substituir|renovar|tratar)',
    ),
  },
];

type Read = Pick<Message, 'automatic' | 'subject' | 'texts' | 'inner' | 'inReplyTo' | 'references'>;

/** A page, a bounce and a plea are each looked for in the same message. */
const known = new WeakMap<Read, AnswerReading>();

export function readAnswer(message: Read): AnswerReading {
  const before = known.get(message);
  if (before !== undefined) return before;
  const reading = answerIn(message);
  known.set(message, reading);
  return reading;
}

function answerIn(message: Read): AnswerReading {
  const answers = answered(message);
  const base = { because: '', permanent: false, answers };
  if (message.automatic === 'bounce') return { ...base, answer: 'bounce', ...bounced(message) };
  if (message.automatic !== 'no' && message.automatic !== 'list') return { ...base, answer: 'auto-reply' };

  const own = ownWords(message);
  if (own === '') return { ...base, answer: 'unclear' };
  const found = phrases.flatMap(({ answer, pattern }) => {
    const hit = pattern.exec(own);
    return hit === null ? [] : [{ answer, because: hit[0].slice(0, 80) }];
  });
  const first = found[0];
  const asks = /[?？؟]/u.exec(own);
  // A question beside consent may be a condition: a person reads it. Beside a plea or an objection it changes nothing.
  if (asks !== null && (first === undefined || first.answer === 'agrees' || first.answer === 'acknowledged')) {
    return { ...base, answer: 'question', because: own.slice(Math.max(0, asks.index - 79), asks.index + 1).trim() };
  }
  if (first === undefined) return { ...base, answer: 'unclear' };
  if (first.answer === 'agrees' && conditional.test(own)) return { ...base, answer: 'unclear', because: first.because };
  return { ...base, ...first };
}

/** Words after which consent is not consent. */
const conditional =
  /(?<!\p{L})(?:but|unless|only if|if you|however|not before|aber|sondern|nur wenn|erst|jedoch|mais|sauf|seulement|pero|salvo|solo si|ma|però|tranne|solo se|soltanto|maar|echter|mits|tenzij|alleen als|pas|mas|porém|exceto|apenas se|só se|desde que)(?!\p{L})/iu;

/** The writer's own words, without what is quoted, forwarded or signed; one space between words. */
function ownWords(message: Pick<Message, 'texts'>): string {
  return message.texts
    .filter((block) => block.role === 'own')
    .map((block) => block.text)
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, ownCharactersMax);
}

/** RFC 3463: class 5 is for good, class 4 may still arrive. Without a code a bounce is taken as for good. */
function bounced(message: Pick<Message, 'texts'>): { permanent: boolean; because: string } {
  const text = message.texts
    .map((block) => block.text)
    .join('\n')
    .slice(0, 100_000);
  const status =
    /^Status:\s*([245])\.\d{1,3}\.\d{1,3}/im.exec(text) ?? /(?<![\d.])([45])\.\d{1,3}\.\d{1,3}(?![\d.])/.exec(text);
  return { permanent: status?.[1] !== '4', because: status?.[0].slice(0, 80) ?? '' };
}

function answered(message: Pick<Message, 'inner' | 'inReplyTo' | 'references'>): readonly string[] {
  const returned = message.inner.filter((m) => m.kind === 'bounce-original').flatMap((m) => m.messageId ?? []);
  return [...new Set([...returned, ...message.inReplyTo, ...message.references.toReversed()])].slice(0, 50);
}

/** Whole words only, in any script, whatever the case. */
function anyOf(...patterns: readonly string[]): RegExp {
  return new RegExp(`(?<!\\p{L})(?:${patterns.join('|')})(?!\\p{L})`, 'iu');
}
