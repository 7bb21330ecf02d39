import type { Words } from './words.ts';

export const de: Words = {
  language: 'de',
  hello: 'Guten Tag,',
  desk: 'Sperrdienst',
  reach: (address, phone) =>
    phone === null
      ? `Sie erreichen uns Tag und Nacht unter ${address}.`
      : `Sie erreichen uns Tag und Nacht unter ${address} und ${phone}.`,
  written: (at, caseId) => `Geschrieben ${at}. Fall ${caseId}.`,
  inTime: (length) => `in ${dative(length)}`,
  ago: (length) => `vor ${dative(length)}`,
  atOnce: 'jetzt',
  rule: (document, section) => `Regel: ${document}, Abschnitt ${section}.`,
  certificates: (count) => (count === 1 ? '1 Zertifikat' : `${count} Zertifikate`),
  certificateLine: (serial, name, until) => `Seriennummer ${serial}, ${name}, gültig bis ${until}`,
  more: (count) => (count === 1 ? 'und 1 weiteres' : `und ${count} weitere`),
  reason: (name) =>
    name === null ? 'Ein Sperrgrund wird nicht veröffentlicht.' : `Veröffentlichter Sperrgrund: ${name}.`,
  happened: {
    'subscriber-request': 'Der Inhaber hat die Sperrung verlangt.',
    'request-unauthorised': 'Der ursprüngliche Antrag war nicht autorisiert.',
    'key-compromise': 'Der private Schlüssel ist kompromittiert.',
    'key-computable': 'Der private Schlüssel lässt sich aus dem öffentlichen berechnen.',
    'key-exposed': 'Die Art, wie der private Schlüssel erzeugt wurde, legt ihn offen.',
    'key-parameters': 'Der Schlüssel erfüllt die geforderte Länge oder Parameter nicht mehr.',
    'validation-unreliable': 'Die Prüfung eines Namens im Zertifikat ist nicht verlässlich.',
    misuse: 'Das Zertifikat ist missbraucht worden.',
    'suspect-code': 'Mit dem Zertifikat wurde verdächtiger Code signiert.',
    'wildcard-misleading': 'Das Wildcard-Zertifikat wurde für einen irreführenden Namen benutzt.',
    'agreement-breach': 'Die Vereinbarung mit dem Inhaber ist verletzt worden.',
    'right-to-name-ended': 'Das Recht an einem Namen im Zertifikat ist erloschen.',
    'information-changed': 'Angaben im Zertifikat haben sich geändert.',
    'information-inaccurate': 'Angaben im Zertifikat sind falsch.',
    'issuance-non-compliant': 'Das Zertifikat wurde nicht nach den Regeln ausgestellt.',
    'right-to-issue-ended': 'Das Recht, dieses Zertifikat auszustellen, ist erloschen.',
    'policy-document': 'Unsere Zertifizierungsrichtlinie verlangt die Sperrung.',
    'root-program-notice': 'Ein Root-Programm verlangt die Sperrung.',
    undetermined: 'Was gemeldet wurde, wird noch geprüft.',
    'short-lived': 'Das Zertifikat ist kurzlebig und muss nicht gesperrt werden.',
    'no-certificate': 'Kein Zertifikat eines Inhabers ist betroffen.',
    'no-report': 'Die Nachricht ist keine Problemmeldung.',
  },
  verdict: {
    'proven-key': 'bewiesen: Der private Schlüssel signiert für dieses Zertifikat',
    'proven-statement': 'bewiesen: eine mit dem Schlüssel signierte Erklärung',
    computable: 'bewiesen: Der Schlüssel ist berechenbar',
    refuted: 'widerlegt',
    'possession-only': 'zeigt den Besitz des Schlüssels, keine Kompromittierung',
    'claim-only': 'bisher eine Behauptung ohne Beweis',
    clean: 'geprüft, ohne Befund',
  },
  alleged: (what) => `Gemeldet wird: ${what}`,
  checked: 'Was wir geprüft haben:',
  concerned: (certificates) => `Betroffen: ${certificates}.`,
  noneConcerned: 'Wir haben kein betroffenes Zertifikat von uns gefunden.',
  searched: (n, until) =>
    `Durchsucht haben wir ${n} Zertifikate, ${until === null ? 'soweit unsere Quellen sie bisher gemeldet haben' : `ausgestellt bis ${until}`}.`,
  follow: 'Stand des Falls:',
  seenRevoked: (count, of, at) =>
    `Von außen geprüft: ${count} von ${of} sind als gesperrt sichtbar, das letzte seit ${at}.`,
  preliminary: {
    subject: 'Vorläufiger Bericht',
    opening: (received) => `dies ist unser vorläufiger Bericht zu Ihrer Meldung vom ${received}.`,
    notYetPlanned: (planned, due) =>
      `Noch nicht gesperrt. Die Sperrung ist geplant bis spätestens ${planned}; die Frist ist ${due}.`,
    notYetDecided: (due) => `Noch nicht gesperrt. Ein Mensch muss es bestätigen; dann gilt die Frist ${due}.`,
    notYetNoLimit: 'Nach heutigem Stand muss deswegen kein Zertifikat gesperrt werden.',
    closing: 'Wir schreiben wieder, wenn es erledigt ist oder sich der Befund ändert. Sie müssen nichts tun.',
  },
  proof: {
    subject: 'Bitte um einen Beweis ohne den Schlüssel',
    opening: (received) =>
      `wir konnten Ihre Meldung vom ${received} nicht bestätigen. Eine Behauptung allein sperrt nichts.`,
    how: 'Eine Signatur mit dem privaten Schlüssel ist ein Beweis. Bitte senden Sie nicht den Schlüssel selbst.',
    sign: 'Signieren Sie genau diesen Text mit SHA-256 und senden Sie uns die Signatur:',
    page: 'Die Seite, die das in Ihrem Browser erledigt:',
    closing: 'Ein Beweis, der später kommt, wird sofort aufgegriffen.',
  },
  refutation: {
    subject: 'Was Sie gesandt haben, trifft nicht zu',
    opening: (received) => `wir haben geprüft, was Sie am ${received} gesandt haben. Es trifft nicht zu:`,
    closing:
      'Aus diesem Grund wird nichts gesperrt. Wenn Sie meinen, dass wir irren, antworten Sie; ein Mensch liest es.',
  },
  final: {
    subject: 'Abschlussbericht',
    opening: (received) => `damit ist Ihre Meldung vom ${received} abgeschlossen.`,
    notRevoked: (because) => `Kein Zertifikat wird gesperrt: ${because}`,
    closing: 'Danke für Ihre Meldung.',
  },
  refusal: {
    subject: 'Die Frist bleibt',
    asked: {
      'more-time': 'Sie haben um mehr Zeit gebeten.',
      hold: 'Sie haben uns gebeten zu warten.',
      'no-action': 'Sie haben gebeten, nicht zu sperren.',
    },
    noRoom:
      'Das dürfen wir nicht. Die Regeln, die jede öffentliche Zertifizierungsstelle binden, kennen keine Verlängerung, und kein Vertrag schafft eine.',
    limit: (due) => `Die Frist bleibt ${due}, und die Sperrung läuft wie geplant.`,
    closing: 'Was hilft, ist jetzt ein Ersatz. Ihr Schreiben ist festgehalten.',
  },
  notice: {
    subject: (certificates, due) =>
      due === null ? `Zu Ihnen: ${certificates}` : `Jetzt ersetzen: ${certificates}, Frist ${due}`,
    opening: (certificates, received) => `seit ${received} liegt uns eine Meldung über ${certificates} von Ihnen vor:`,
    byItself: (planned) => `Was von selbst geschieht: Wir sperren spätestens ${planned}.`,
    undecided: (due) => `Wir prüfen noch. Wird es bestätigt, müssen wir bis ${due} sperren.`,
    noLimit: 'Nach heutigem Stand müssen wir nicht sperren.',
    limit: (due) => `Die Frist der Regel ist ${due}.`,
    todo: 'Was jetzt zu tun ist: Ersatz beantragen und installieren.',
    newKey: 'Benutzen Sie einen neuen Schlüssel. Der alte ist blockiert und bekommt kein Zertifikat mehr.',
    acme: 'ACME-Clients, die Erneuerungshinweisen (ARI) folgen, sind zum Erneuern aufgefordert.',
    silence: 'Sie müssen nicht antworten. Weder Schweigen noch Widerspruch verschiebt die Frist.',
    answer: 'Bestätigen, Ersatz melden oder widersprechen:',
  },
  reminder: {
    subject: (certificates, last) => `${last ? 'Letzte Erinnerung' : 'Erinnerung'}: ${certificates} ersetzen`,
    opening: (certificates, written, last) =>
      `wir haben Ihnen am ${written} über ${certificates} geschrieben.${last ? ' Dies ist der letzte Brief vor der Sperrung.' : ''}`,
  },
  finalSubscriber: {
    subject: (certificates) => `Gesperrt: ${certificates}`,
    closing:
      'Wo ein gesperrtes Zertifikat noch installiert ist, scheitern Verbindungen. Installieren Sie jetzt den Ersatz.',
    guide: 'So geschieht das beim nächsten Mal von selbst:',
  },
  claimsRevocation:
    /(?<!\p{L})(?:ist|sind|wurde|wurden|bereits|jetzt)\s+(?:jetzt\s+|bereits\s+|nun\s+)?(?:gesperrt|widerrufen)\b(?!\s+(?:werden|wird))/iu,
};

/** `2 Tage` after a preposition is `2 Tagen`; hours and minutes do not change. */
export function dative(length: string): string {
  return length.replace(/\bTage\b/, 'Tagen');
}
