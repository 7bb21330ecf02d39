import type { Words } from './words.ts';

export const nl: Words = {
  language: 'nl',
  hello: 'Goedendag,',
  desk: 'Intrekkingsdienst',
  reach: (address, phone) =>
    phone === null
      ? `U bereikt ons dag en nacht via ${address}.`
      : `U bereikt ons dag en nacht via ${address} en ${phone}.`,
  written: (at, caseId) => `Geschreven ${at}. Zaak ${caseId}.`,
  inTime: (length) => `over ${length}`,
  ago: (length) => `${length} geleden`,
  atOnce: 'nu',
  rule: (document, section) => `Regel: ${document}, paragraaf ${section}.`,
  certificates: (count) => (count === 1 ? '1 certificaat' : `${count} certificaten`),
  certificateLine: (serial, name, until) => `serienummer ${serial}, ${name}, geldig tot ${until}`,
  more: (count) => `en nog ${count}`,
  reason: (name) => (name === null ? 'Er wordt geen reden gepubliceerd.' : `Gepubliceerde reden: ${name}.`),
  happened: {
    'subscriber-request': 'De houder heeft om intrekking gevraagd.',
    'request-unauthorised': 'De oorspronkelijke aanvraag was niet geautoriseerd.',
    'key-compromise': 'De privésleutel is gecompromitteerd.',
    'key-computable': 'De privésleutel is uit de publieke sleutel te berekenen.',
    'key-exposed': 'De manier waarop de privésleutel is gemaakt, legt hem bloot.',
    'key-parameters': 'De sleutel voldoet niet meer aan de vereiste lengte of parameters.',
    'validation-unreliable': 'De validatie van een naam in het certificaat is niet betrouwbaar.',
    misuse: 'Het certificaat is misbruikt.',
    'suspect-code': 'Met het certificaat is verdachte code ondertekend.',
    'wildcard-misleading': 'Het wildcardcertificaat is gebruikt voor een misleidende naam.',
    'agreement-breach': 'De overeenkomst met de houder is geschonden.',
    'right-to-name-ended': 'Het recht op een naam in het certificaat is vervallen.',
    'information-changed': 'Gegevens in het certificaat zijn veranderd.',
    'information-inaccurate': 'Gegevens in het certificaat zijn onjuist.',
    'issuance-non-compliant': 'Het certificaat is niet volgens de regels uitgegeven.',
    'right-to-issue-ended': 'Het recht om dit certificaat uit te geven is vervallen.',
    'policy-document': 'Ons certificaatbeleid eist intrekking.',
    'root-program-notice': 'Een rootprogramma eist intrekking.',
    undetermined: 'Wat is gemeld, wordt nog onderzocht.',
    'short-lived': 'Het certificaat is kortlevend en hoeft niet te worden ingetrokken.',
    'no-certificate': 'Er is geen certificaat van een houder bij betrokken.',
    'no-report': 'Het bericht is geen probleemmelding.',
  },
  verdict: {
    'proven-key': 'bewezen: de privésleutel ondertekent voor dit certificaat',
    'proven-statement': 'bewezen: een met de sleutel ondertekende verklaring',
    computable: 'bewezen: de sleutel is te berekenen',
    refuted: 'weerlegd',
    'possession-only': 'toont bezit van de sleutel, geen compromittering',
    'claim-only': 'tot nu toe een bewering zonder bewijs',
    clean: 'gecontroleerd, niets gevonden',
  },
  alleged: (what) => `Wat wordt gemeld: ${what}`,
  checked: 'Wat we hebben gecontroleerd:',
  concerned: (certificates) => `Betrokken: ${certificates}.`,
  noneConcerned: 'We hebben geen certificaat van ons gevonden dat betrokken is.',
  searched: (n, until) =>
    `We hebben ${n} certificaten doorzocht, ${until === null ? 'voor zover onze bronnen ze tot nu toe hebben gemeld' : `uitgegeven tot ${until}`}.`,
  follow: 'Stand van de zaak:',
  seenRevoked: (count, of, at) =>
    `Van buiten gecontroleerd: ${count} van ${of} zijn als ingetrokken zichtbaar, het laatste sinds ${at}.`,
  preliminary: {
    subject: 'Voorlopig verslag',
    opening: (received) => `dit is ons voorlopige verslag over uw melding van ${received}.`,
    notYetPlanned: (planned, due) =>
      `Nog niet ingetrokken. De intrekking is gepland voor uiterlijk ${planned}; de termijn is ${due}.`,
    notYetDecided: (due) => `Nog niet ingetrokken. Een mens moet het bevestigen; dan geldt de termijn ${due}.`,
    notYetNoLimit: 'Voor zover we nu weten, hoeft hiervoor geen certificaat te worden ingetrokken.',
    closing: 'We schrijven weer als het klaar is of als onze bevinding verandert. U hoeft niets te doen.',
  },
  proof: {
    subject: 'Graag bewijs zonder de sleutel te sturen',
    opening: (received) => `we konden uw melding van ${received} niet bevestigen. Een bewering alleen trekt niets in.`,
    how: 'Een handtekening met de privésleutel is bewijs. Stuur de sleutel zelf niet.',
    sign: 'Onderteken precies deze tekst met SHA-256 en stuur ons de handtekening:',
    page: 'De pagina die dit in uw browser voor u doet:',
    closing: 'Bewijs dat later komt, wordt meteen opgepakt.',
  },
  refutation: {
    subject: 'Wat u stuurde klopt niet',
    opening: (received) => `we hebben getest wat u op ${received} stuurde. Het klopt niet:`,
    closing: 'Op deze grond wordt niets ingetrokken. Denkt u dat we ons vergissen, antwoord dan; een mens leest het.',
  },
  final: {
    subject: 'Eindverslag',
    opening: (received) => `hiermee is uw melding van ${received} afgesloten.`,
    notRevoked: (because) => `Er wordt geen certificaat ingetrokken: ${because}`,
    closing: 'Dank voor uw melding.',
  },
  refusal: {
    subject: 'De termijn blijft',
    asked: {
      'more-time': 'u vroeg om meer tijd.',
      hold: 'u vroeg ons te wachten.',
      'no-action': 'u vroeg ons niet in te trekken.',
    },
    noRoom:
      'Dat mogen we niet. De regels die elke openbare certificaatautoriteit binden, kennen geen uitstel, en geen contract maakt er een.',
    limit: (due) => `De termijn blijft ${due}, en de intrekking gaat door zoals gepland.`,
    closing: 'Wat helpt, is nu een vervanging. Uw brief is vastgelegd.',
  },
  notice: {
    subject: (certificates, due) =>
      due === null ? `Over ${certificates} van u` : `Nu vervangen: ${certificates}, termijn ${due}`,
    opening: (certificates, received) => `sinds ${received} hebben we een melding over ${certificates} van u:`,
    byItself: (planned) => `Wat vanzelf gebeurt: we trekken uiterlijk in op ${planned}.`,
    undecided: (due) => `We onderzoeken het nog. Wordt het bevestigd, dan moeten we vóór ${due} intrekken.`,
    noLimit: 'Voor zover we nu weten, hoeven we niet in te trekken.',
    limit: (due) => `De termijn van de regel is ${due}.`,
    todo: 'Wat u nu kunt doen: vraag een vervanging aan en installeer die.',
    newKey: 'Gebruik een nieuwe sleutel. De oude is geblokkeerd en krijgt geen certificaat meer.',
    acme: 'ACME-clients die vernieuwingsinformatie (ARI) volgen, hebben bericht gekregen om te vernieuwen.',
    silence: 'U hoeft niet te antwoorden. Zwijgen noch bezwaar verschuift de termijn.',
    answer: 'Bevestigen, melden dat het vervangen is, of betwisten:',
  },
  reminder: {
    subject: (certificates, last) => `${last ? 'Laatste herinnering' : 'Herinnering'}: ${certificates} vervangen`,
    opening: (certificates, written, last) =>
      `we schreven u op ${written} over ${certificates}.${last ? ' Dit is de laatste brief vóór de intrekking.' : ''}`,
  },
  finalSubscriber: {
    subject: (certificates) => `Intrekking zichtbaar: ${certificates}`,
    closing:
      'Waar een ingetrokken certificaat nog geïnstalleerd is, mislukken verbindingen. Installeer nu de vervanging.',
    guide: 'Zo gaat het de volgende keer vanzelf:',
  },
  claimsRevocation:
    /(?<!\p{L})(?:is|zijn|werd|werden|al|reeds)\s+(?:nu\s+|al\s+|reeds\s+)?ingetrokken(?!\p{L})(?!\s+worden)/iu,
};
