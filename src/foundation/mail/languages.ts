/**
 * What mail programs write around quoted and forwarded text, in the languages in which reports arrive. Data only;
 * `blocks.ts` reads it.
 */
export type HeaderLabel = 'from' | 'date' | 'to' | 'cc' | 'subject';

const labelWords: Readonly<Record<HeaderLabel, string>> = {
  from: 'From|Von|De|Da|Van|Od|От|От кого|Від|Kimden|Gönderen|差出人|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|발신|من|प्रेषक|Từ|Från|Fra|Lähettäjä|Feladó|De la|Από|מאת|Dari|Expéditeur|Remitente|Mittente|Afzender|Remetente|Absender|Nadawca|Отправитель',
  date: 'Date|Sent|Datum|Gesendet|Gesendet am|Envoyé|Envoyé le|Fecha|Enviado|Enviado el|Enviada|Enviada em|Enviado em|Data|Data invio|Inviato|Verzonden|Wysłano|Wysłane|Отправлено|Дата|Надіслано|Gönderildi|Gönderme Tarihi|Gönderim Tarihi|Tarih|送信日時|送信日|日付|日時|发送时间|发送日期|日期|寄件日期|時間|时间|보낸 날짜|보낸날짜|날짜|التاريخ|تاريخ الإرسال|أرسل|दिनांक|भेजा गया|Đã gửi|Ngày|Ngày gửi|Skickat|Sendt|Dato|Lähetetty|Päivämäärä|Odesláno|Elküldve|Dátum|Trimis|Data trimiterii|Στάλθηκε|Ημερομηνία|נשלח|תאריך|Dikirim|Tanggal|Odoslané',
  to: 'To|An|À|A|Para|Aan|Do|Кому|Kime|Alıcı|宛先|收件人|收件者|받는 사람|받는사람|إلى|प्रति|Đến|Tới|Till|Til|Vastaanottaja|Komu|Címzett|Către|Προς|אל|Kepada|Empfänger',
  cc: 'Cc|CC|Kopie|Copie à|Copia|DW|Копия|Bilgi|抄送|副本|참조|نسخة',
  subject:
    'Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Temat|Тема|Konu|件名|主题|主旨|제목|الموضوع|विषय|Chủ đề|Ämne|Emne|Aihe|Předmět|Tárgy|Subiect|Θέμα|נושא|Subjek|Perihal|Predmet',
};

export const headerLabels: ReadonlyMap<string, HeaderLabel> = new Map(
  (Object.entries(labelWords) as [HeaderLabel, string][]).flatMap(([label, words]) =>
    words.split('|').map((spelling) => [spelling.toLowerCase(), label] as const),
  ),
);

/** Lines that start a forwarded message. Matched against the trimmed line without dashes and colons, lower case. */
export const forwardMarkers: readonly RegExp[] = [
  /^(?:begin )?forwarded message(?: from .{1,80})?$/,
  /^forwarded by .{1,120}$/,
  /^original message follows$/,
  /^start of forwarded message$/,
  /^(?:anfang der )?weitergeleitete[nr]? (?:nachricht|e-?mail|mail)$/,
  /^(?:début du )?(?:message|courriel) (?:transféré|réexpédié)$|^message transmis$|^début du message réexpédié$/,
  /^(?:inicio del )?mensaje reenviado$|^mensaje reenviado(?: por .{1,80})?$/,
  /^(?:inizio (?:del )?)?messaggio inoltrato$|^inizio messaggio inoltrato$/,
  /^(?:begin )?doorgestuurd(?:e)? bericht$/,
  /^(?:início da )?mensagem (?:reencaminhada|encaminhada)$/,
  /^(?:początek )?(?:przekazan\p{L}+|przesłan\p{L}+) wiadomoś\p{L}+(?: dalej)?$|^wiadomość przekazana dalej$|^wiadomość przekazana$/u,
  /^(?:начало )?(?:пересылаем\p{L}+|переадресованн\p{L}+|пересланн\p{L}+) (?:сообщени\p{L}+|письм\p{L}+)$|^пересылаемое сообщение$/u,
  /^(?:iletilmiş|iletilen|yönlendirilmiş|yönlendirilen) (?:mesaj|ileti|e-posta)(?: başlangıcı)?$|^iletilen mesajın başlangıcı$/,
  /^(?:転送メッセージ|転送されたメッセージ|転送元メッセージ|転送メール|転送)(?:ここから|の始まり)?$/,
  /^(?:转发的邮件|转发邮件信息|转发邮件|轉寄郵件|轉寄的郵件|开始转发的邮件|以下是转发的邮件|转发的消息)$/,
  /^(?:전달된 메시지|전달된 메일|원본 메시지 전달|전달받은 메시지)$/,
  /^(?:رسالة معاد توجيهها|رسالة محولة|الرسالة المحولة|بدء الرسالة المحولة)$/,
  /^(?:अग्रेषित संदेश|फॉरवर्ड किया गया संदेश|प्रेषित संदेश)$/,
  /^(?:thư được chuyển tiếp|tin nhắn được chuyển tiếp|bắt đầu tin nhắn được chuyển tiếp|forwarded message)$/,
  /^(?:vidarebefordrat (?:meddelande|brev)|videresendt (?:melding|meddelelse|besked)|välitetty viesti|přeposlaná zpráva|továbbított üzenet|mesaj redirecționat|προωθημένο μήνυμα|הודעה שהועברה|pesan terusan|pesan yang diteruskan|перенаправлене повідомлення)$/,
];

/** Lines that start the message answered to. */
export const replyMarkers: readonly RegExp[] = [
  /^(?:original (?:message|mail|e-?mail|appointment)|reply message|reply separator)$/,
  /^(?:ursprüngliche (?:nachricht|mail|e-mail)|original-?nachricht|originalnachricht)$/,
  /^(?:message (?:d['’]origine|original|initial)|mensaje original|messaggio originale|oorspronkelijk(?:e)? bericht|mensagem original)$/,
  /^(?:oryginalna wiadomość|wiadomość oryginalna|исходное сообщение|оригинальное сообщение|özgün ileti|orijinal mesaj|orijinal ileti)$/,
  /^(?:元のメッセージ|オリジナル メッセージ|original message|原始邮件|原邮件|原始郵件|邮件原件|원본 메시지|원본 메일|الرسالة الأصلية|मूल संदेश|thư gốc|tin nhắn gốc)$/,
  /^(?:ursprungligt meddelande|ursprungligt brev|opprinnelig melding|oprindelig meddelelse|alkuperäinen viesti|původní zpráva|eredeti üzenet|mesaj original|αρχικό μήνυμα|הודעה מקורית|pesan asli|вихідне повідомлення)$/,
];

/** The line above a quotation: `On … X wrote:`. Bounded, one test per line. */
export const attribution =
  /(?:\bwrote|\bwrites|\bschrieb|\bhat geschrieben|\ba écrit|\bescribió|\bha scritto|\bschreef|\bheeft geschreven|\bescreveu|\bnapisał(?:\(a\)|a|\/a)?|пишет|писал\(?а?\)?|написал\(?а?\)?|пише|написав|\byazdı|şunları yazdı|さんは書きました|さんが書きました|のメール|写道|寫道|님이 작성|님이 쓴|작성했습니다|كتب|كتبت|ने लिखा|đã viết|\bskrev|\bkirjoitti|\bnapsal\(?a?\)?|\bírta|\ba scris|έγραψε|כתב|כתבה|\bmenulis)(?:[^:：]{0,200}[:：])?\s?$/iu;

/** `Sent from my iPhone` and its sisters: the words below are nobody's. */
export const deviceSignature =
  /^(?:sent (?:from|via|with|by) (?:my |the |mobile|an? |proton|yahoo|outlook|mail|galaxy|samsung|iphone|ipad|android|blackberry)|get outlook for|von meinem .{1,40} gesendet|gesendet (?:von|mit|über) |envoyé (?:de|depuis|à partir d)|enviado (?:desde|do|a partir|de) (?:mi|meu|o|outlook)|inviato da(?:l mio)? |verzonden (?:vanaf|met|vanuit)|wysłane? z |отправлено с |iphone'?(?:um|den)|iphone.{0,12}gönderildi|.{1,30}から送信|发自我的|從我的.{1,20}傳送|나의 .{1,30}에서 보냄|أُرسلت من|đã gửi từ|skickat från|sendt fra|lähetetty .{1,20}(?:iphone|puhelim))/i;
