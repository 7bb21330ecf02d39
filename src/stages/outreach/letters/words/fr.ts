import type { Words } from './words.ts';

export const fr: Words = {
  language: 'fr',
  hello: 'Bonjour,',
  desk: 'Service de révocation',
  reach: (address, phone) =>
    phone === null
      ? `Vous nous joignez jour et nuit à ${address}.`
      : `Vous nous joignez jour et nuit à ${address} et au ${phone}.`,
  written: (at, caseId) => `Écrit ${at}. Dossier ${caseId}.`,
  inTime: (length) => `dans ${length}`,
  ago: (length) => `il y a ${length}`,
  atOnce: 'maintenant',
  rule: (document, section) => `Règle : ${document}, section ${section}.`,
  certificates: (count) => (count === 1 ? '1 certificat' : `${count} certificats`),
  certificateLine: (serial, name, until) => `numéro de série ${serial}, ${name}, valable jusqu’au ${until}`,
  more: (count) => (count === 1 ? 'et 1 autre' : `et ${count} autres`),
  reason: (name) => (name === null ? 'Aucun motif n’est publié.' : `Motif publié : ${name}.`),
  happened: {
    'subscriber-request': 'Le titulaire a demandé la révocation.',
    'request-unauthorised': 'La demande initiale n’a jamais été autorisée.',
    'key-compromise': 'La clé privée est compromise.',
    'key-computable': 'La clé privée peut être calculée à partir de la clé publique.',
    'key-exposed': 'La façon dont la clé privée a été produite l’expose.',
    'key-parameters': 'La clé n’a plus la taille ou les paramètres requis.',
    'validation-unreliable': 'La validation d’un nom du certificat n’est pas fiable.',
    misuse: 'Le certificat a été utilisé abusivement.',
    'suspect-code': 'Le certificat a servi à signer un code suspect.',
    'wildcard-misleading': 'Le certificat générique a servi pour un nom trompeur.',
    'agreement-breach': 'L’accord avec le titulaire n’a pas été respecté.',
    'right-to-name-ended': 'Le droit d’utiliser un nom du certificat a pris fin.',
    'information-changed': 'Des informations du certificat ont changé.',
    'information-inaccurate': 'Des informations du certificat sont fausses.',
    'issuance-non-compliant': 'Le certificat n’a pas été émis selon les règles.',
    'right-to-issue-ended': 'Le droit d’émettre ce certificat a pris fin.',
    'policy-document': 'Notre politique de certification impose la révocation.',
    'root-program-notice': 'Un programme racine exige la révocation.',
    undetermined: 'Ce qui est signalé est encore à l’examen.',
    'short-lived': 'Le certificat est de courte durée et n’a pas à être révoqué.',
    'no-certificate': 'Aucun certificat de titulaire n’est concerné.',
    'no-report': 'Le message n’est pas un signalement.',
  },
  verdict: {
    'proven-key': 'prouvé : la clé privée signe pour ce certificat',
    'proven-statement': 'prouvé : une déclaration signée par la clé',
    computable: 'prouvé : la clé peut être calculée',
    refuted: 'réfuté',
    'possession-only': 'montre la possession de la clé, pas une compromission',
    'claim-only': 'une affirmation sans preuve pour l’instant',
    clean: 'vérifié, rien trouvé',
  },
  alleged: (what) => `Ce qui est signalé : ${what}`,
  checked: 'Ce que nous avons vérifié :',
  concerned: (certificates) => `Concerné : ${certificates}.`,
  noneConcerned: 'Nous n’avons trouvé aucun certificat de notre autorité qui soit concerné.',
  searched: (n, until) =>
    `Nous avons examiné ${n} certificats, ${until === null ? 'selon ce que nos sources ont signalé jusqu’ici' : `émis jusqu’au ${until}`}.`,
  follow: 'État du dossier :',
  seenRevoked: (count, of, at) =>
    `Vérifié de l’extérieur : ${count} sur ${of} apparaissent comme révoqués, le dernier depuis ${at}.`,
  preliminary: {
    subject: 'Rapport préliminaire',
    opening: (received) => `voici notre rapport préliminaire sur ce qui nous est parvenu ${received}.`,
    notYetPlanned: (planned, due) =>
      `Pas encore de révocation. Elle est prévue au plus tard ${planned} ; la limite est ${due}.`,
    notYetDecided: (due) =>
      `Pas encore de révocation. Une personne doit confirmer ; si c’est confirmé, la limite est ${due}.`,
    notYetNoLimit: 'En l’état, aucun certificat ne doit être révoqué pour cela.',
    closing: 'Nous vous écrirons quand ce sera fait ou si notre constat change. Vous n’avez rien à faire.',
  },
  proof: {
    subject: 'Merci de le prouver sans envoyer la clé',
    opening: (received) =>
      `nous n’avons pas pu confirmer ce qui nous est parvenu ${received}. Une affirmation seule ne révoque rien.`,
    how: 'Une signature faite avec la clé privée est une preuve. N’envoyez pas la clé elle-même.',
    sign: 'Signez exactement ce texte avec SHA-256 et envoyez-nous la signature :',
    page: 'La page qui le fait pour vous, dans votre navigateur :',
    closing: 'Une preuve qui arrive plus tard est traitée aussitôt.',
  },
  refutation: {
    subject: 'Ce que vous avez envoyé n’est pas exact',
    opening: (received) => `nous avons testé ce qui nous est parvenu ${received}. Ce n’est pas exact :`,
    closing:
      'Pour ce motif, rien n’est révoqué. Si vous pensez que nous nous trompons, répondez ; une personne vous lira.',
  },
  final: {
    subject: 'Rapport final',
    opening: (received) => `ceci clôt ce qui nous est parvenu ${received}.`,
    notRevoked: (because) => `Aucun certificat n’est révoqué : ${because}`,
    closing: 'Merci de nous avoir prévenus.',
  },
  refusal: {
    subject: 'La limite reste',
    asked: {
      'more-time': 'vous avez demandé plus de temps.',
      hold: 'vous nous avez demandé d’attendre.',
      'no-action': 'vous nous avez demandé de ne pas révoquer.',
    },
    noRoom:
      'Nous n’en avons pas le droit. Les règles qui lient toute autorité publique ne connaissent aucune prolongation, et aucun contrat n’en crée.',
    limit: (due) => `La limite reste ${due}, et la révocation se fait comme prévu.`,
    closing: 'Ce qui aide, c’est un remplacement maintenant. Votre lettre est conservée.',
  },
  notice: {
    subject: (certificates, due) =>
      due === null ? `À propos de ${certificates}` : `À remplacer : ${certificates}, limite ${due}`,
    opening: (certificates, received) => `depuis ${received}, nous avons un signalement sur ${certificates} à vous :`,
    byItself: (planned) => `Ce qui se passe de soi-même : nous révoquons au plus tard ${planned}.`,
    undecided: (due) => `L’examen continue. Si c’est confirmé, nous devons révoquer avant ${due}.`,
    noLimit: 'En l’état, nous n’avons pas à révoquer.',
    limit: (due) => `La limite de la règle est ${due}.`,
    todo: 'À faire maintenant : demander un remplacement et l’installer.',
    newKey: 'Utilisez une nouvelle clé. L’ancienne est bloquée et n’obtient plus de certificat.',
    acme: 'Les clients ACME qui suivent les indications de renouvellement (ARI) sont invités à renouveler.',
    silence: 'Vous n’avez pas à répondre. Ni le silence ni une objection ne déplacent la limite.',
    answer: 'Confirmer, dire que c’est remplacé, ou contester :',
  },
  reminder: {
    subject: (certificates, last) => `${last ? 'Dernier rappel' : 'Rappel'} : remplacer ${certificates}`,
    opening: (certificates, written, last) =>
      `nous vous avons écrit ${written} au sujet de ${certificates}.${last ? ' C’est la dernière lettre avant la révocation.' : ''}`,
  },
  finalSubscriber: {
    subject: (certificates) => `Révocation visible : ${certificates}`,
    closing:
      'Là où un certificat révoqué est encore installé, les connexions échouent. Installez le remplacement maintenant.',
    guide: 'Pour que cela se fasse tout seul la prochaine fois :',
  },
  claimsRevocation:
    /(?<!\p{L})(?:est|sont|été|déjà)\s+(?:maintenant\s+|déjà\s+|désormais\s+)?révoqu[ée]e?s?(?![\p{L}])/iu,
};
