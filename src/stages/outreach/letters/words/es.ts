import type { Words } from './words.ts';

export const es: Words = {
  language: 'es',
  hello: 'Buenos días:',
  desk: 'Servicio de revocación',
  reach: (address, phone) =>
    phone === null
      ? `Nos encuentra día y noche en ${address}.`
      : `Nos encuentra día y noche en ${address} y en el ${phone}.`,
  written: (at, caseId) => `Escrito ${at}. Caso ${caseId}.`,
  inTime: (length) => `dentro de ${length}`,
  ago: (length) => `hace ${length}`,
  atOnce: 'ahora',
  rule: (document, section) => `Regla: ${document}, sección ${section}.`,
  certificates: (count) => (count === 1 ? '1 certificado' : `${count} certificados`),
  certificateLine: (serial, name, until) => `número de serie ${serial}, ${name}, válido hasta ${until}`,
  more: (count) => `y ${count} más`,
  reason: (name) => (name === null ? 'No se publica ningún motivo.' : `Motivo publicado: ${name}.`),
  happened: {
    'subscriber-request': 'El titular ha pedido la revocación.',
    'request-unauthorised': 'La solicitud original nunca fue autorizada.',
    'key-compromise': 'La clave privada está comprometida.',
    'key-computable': 'La clave privada se puede calcular a partir de la pública.',
    'key-exposed': 'La forma en que se creó la clave privada la expone.',
    'key-parameters': 'La clave ya no cumple el tamaño o los parámetros exigidos.',
    'validation-unreliable': 'La validación de un nombre del certificado no es fiable.',
    misuse: 'El certificado se ha usado indebidamente.',
    'suspect-code': 'El certificado se usó para firmar código sospechoso.',
    'wildcard-misleading': 'El certificado comodín se usó para un nombre engañoso.',
    'agreement-breach': 'No se ha cumplido el acuerdo con el titular.',
    'right-to-name-ended': 'Ha terminado el derecho a usar un nombre del certificado.',
    'information-changed': 'Han cambiado datos del certificado.',
    'information-inaccurate': 'Hay datos erróneos en el certificado.',
    'issuance-non-compliant': 'El certificado no se emitió según las reglas.',
    'right-to-issue-ended': 'Ha terminado el derecho a emitir este certificado.',
    'policy-document': 'Nuestra política de certificación exige la revocación.',
    'root-program-notice': 'Un programa raíz exige la revocación.',
    undetermined: 'Lo notificado aún se está examinando.',
    'short-lived': 'El certificado es de corta duración y no es necesario revocarlo.',
    'no-certificate': 'No afecta a ningún certificado de un titular.',
    'no-report': 'El mensaje no es una notificación de problema.',
  },
  verdict: {
    'proven-key': 'probado: la clave privada firma por este certificado',
    'proven-statement': 'probado: una declaración firmada con la clave',
    computable: 'probado: la clave se puede calcular',
    refuted: 'refutado',
    'possession-only': 'muestra posesión de la clave, no un compromiso',
    'claim-only': 'por ahora una afirmación sin prueba',
    clean: 'comprobado, sin hallazgos',
  },
  alleged: (what) => `Lo que se notifica: ${what}`,
  checked: 'Lo que hemos comprobado:',
  concerned: (certificates) => `Afecta a: ${certificates}.`,
  noneConcerned: 'No hemos encontrado ningún certificado nuestro afectado.',
  searched: (n, until) =>
    `Hemos buscado en ${n} certificados, ${until === null ? 'según lo que nuestras fuentes han comunicado hasta ahora' : `emitidos hasta ${until}`}.`,
  follow: 'Estado del caso:',
  seenRevoked: (count, of, at) =>
    `Comprobado desde fuera: ${count} de ${of} se ven como revocados, el último desde ${at}.`,
  preliminary: {
    subject: 'Informe preliminar',
    opening: (received) => `este es nuestro informe preliminar sobre lo que nos llegó ${received}.`,
    notYetPlanned: (planned, due) =>
      `Aún sin revocar. La revocación está prevista a más tardar ${planned}; el límite es ${due}.`,
    notYetDecided: (due) => `Aún sin revocar. Una persona debe confirmarlo; si se confirma, el límite es ${due}.`,
    notYetNoLimit: 'Por lo que sabemos ahora, no hay que revocar ningún certificado por esto.',
    closing: 'Volveremos a escribir cuando esté hecho o si cambia nuestra conclusión. No tiene que hacer nada.',
  },
  proof: {
    subject: 'Por favor, pruébelo sin enviar la clave',
    opening: (received) =>
      `no hemos podido confirmar lo que nos llegó ${received}. Una afirmación sola no revoca nada.`,
    how: 'Una firma hecha con la clave privada es una prueba. No envíe la clave misma.',
    sign: 'Firme exactamente este texto con SHA-256 y envíenos la firma:',
    page: 'La página que lo hace por usted, en su navegador:',
    closing: 'Una prueba que llegue más tarde se atiende de inmediato.',
  },
  refutation: {
    subject: 'Lo que envió no es correcto',
    opening: (received) => `hemos comprobado lo que nos llegó ${received}. No es correcto:`,
    closing: 'Por este motivo no se revoca nada. Si cree que nos equivocamos, responda; lo leerá una persona.',
  },
  final: {
    subject: 'Informe final',
    opening: (received) => `con esto se cierra lo que nos llegó ${received}.`,
    notRevoked: (because) => `No se revoca ningún certificado: ${because}`,
    closing: 'Gracias por avisarnos.',
  },
  refusal: {
    subject: 'El límite se mantiene',
    asked: {
      'more-time': 'ha pedido más tiempo.',
      hold: 'nos ha pedido esperar.',
      'no-action': 'nos ha pedido no revocar.',
    },
    noRoom:
      'No podemos. Las reglas que obligan a toda autoridad pública no conocen prórrogas, y ningún contrato las crea.',
    limit: (due) => `El límite sigue siendo ${due}, y la revocación sigue como estaba prevista.`,
    closing: 'Lo que ayuda es un reemplazo ahora. Su carta queda registrada.',
  },
  notice: {
    subject: (certificates, due) =>
      due === null ? `Sobre ${certificates}` : `Reemplazar ya: ${certificates}, límite ${due}`,
    opening: (certificates, received) =>
      `desde ${received} tenemos una notificación sobre ${certificates} a su nombre:`,
    byItself: (planned) => `Lo que ocurre por sí solo: revocamos a más tardar ${planned}.`,
    undecided: (due) => `Aún lo examinamos. Si se confirma, tenemos que revocar antes de ${due}.`,
    noLimit: 'Por lo que sabemos ahora, no tenemos que revocar.',
    limit: (due) => `El límite de la regla es ${due}.`,
    todo: 'Qué hacer ahora: pedir un reemplazo e instalarlo.',
    newKey: 'Use una clave nueva. La anterior está bloqueada y ya no obtiene certificados.',
    acme: 'Los clientes ACME que siguen la información de renovación (ARI) han recibido el aviso de renovar.',
    silence: 'No tiene que responder. Ni el silencio ni una objeción mueven el límite.',
    answer: 'Confirmar, decir que está reemplazado o impugnar:',
  },
  reminder: {
    subject: (certificates, last) => `${last ? 'Último aviso' : 'Recordatorio'}: reemplazar ${certificates}`,
    opening: (certificates, written, last) =>
      `le escribimos ${written} sobre ${certificates}.${last ? ' Esta es la última carta antes de la revocación.' : ''}`,
  },
  finalSubscriber: {
    subject: (certificates) => `Revocación visible: ${certificates}`,
    closing: 'Donde siga instalado un certificado revocado, fallan las conexiones. Instale ahora el reemplazo.',
    guide: 'Cómo hacer que la próxima vez ocurra por sí solo:',
  },
  claimsRevocation: /(?<!\p{L})(?:est[áa]n?|fue|fueron|sido|ya)\s+(?:ya\s+|ahora\s+)?revocad[oa]s?(?![\p{L}])/iu,
};
