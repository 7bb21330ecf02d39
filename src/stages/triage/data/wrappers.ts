/** The words around a message, by language; English ones are used everywhere, because first-line staff write them. */
import type { Story } from './read-data.ts';

export interface WrapperWords {
  readonly greeting: readonly string[];
  readonly closing: readonly string[];
  readonly forwardIntro: readonly string[];
  readonly quoted: readonly string[];
  readonly footer: readonly string[];
  readonly vague: readonly string[];
  readonly ticket: readonly string[];
}

export function wrappersOf(story: Story): string[] {
  const quotes = story.body.includes('\n>');
  const all = ['forward', 'polite', 'footer', 'hurry', 'no-subject', 'vague-subject', 'ticket', ...(quotes ? [] : ['quoted'])];
  // What a machine sent is not typed in a hurry, and a bounce has its own form.
  return story.theme === 'automatic' ? ['forward', 'footer', 'ticket'] : all;
}

const english: WrapperWords = {
  greeting: ['Hello,', 'Hi,', 'Dear Sir or Madam,', 'Good morning,', 'Hey there', 'To whom it may concern,', 'Dear team,', 'Dear support,'],
  closing: ['Best regards', 'Thanks', 'Kind regards, Alex', 'Cheers', 'Yours faithfully', 'Many thanks in advance', 'BR', 'Looking forward to your answer.'],
  forwardIntro: ['FYI', 'See below.', 'Is this for you?', 'Not sure where this belongs.', 'Came in via the info mailbox, can someone have a look?', 'Please handle.', 'For your queue, I think.', 'Customer wrote this, no idea what he means.', 'fyi, landed in sales', 'Forwarding as discussed.'],
  quoted: ['Thank you for contacting us. Your ticket has been created and an agent will answer within two working days.', 'Dear customer, your certificate will expire in 30 days. Renew now in the portal.', 'Hello, thank you for your order. Your invoice is attached.', 'Hi, could you tell me more about it? Kind regards, support', 'Your order has been completed. The certificate is ready for download.', 'We have received your message and will come back to you.', 'How satisfied were you with our service?'],
  footer: ['This e-mail is confidential. If you are not the intended recipient please delete it.', 'Sent from my phone', 'Harbor Lumen Ltd, registered office: 1 High Street. Please consider the environment before printing.', 'Head of IT\nTel. +00 555 0100', 'Our privacy policy is on our web site.', 'IT Operations | 24/7 hotline +00 555 0199', 'Get Outlook for Android'],
  vague: ['question', 'hello', 'help', 'urgent', 'Important', 'Request', 'problem', 'Your company', 'please read', 'info', 'Contact form', 'Re:', '(no subject)', 'Web form message', 'Attention'],
  ticket: ['Note by first line: customer called, text below as he said it.', 'Channel: web form\nPriority: normal\nMessage:', 'New message from the contact form', 'Queue: General enquiries\nStatus: open', 'Chat transcript, visitor:', 'Call note (telephone), caller says:'],
};

const others: Readonly<Record<string, Partial<WrapperWords>>> = {
  de: { greeting: ['Sehr geehrte Damen und Herren,', 'Hallo,', 'Guten Tag,', 'Moin,'], closing: ['Mit freundlichen Grüßen', 'Viele Grüße', 'Danke und Gruß', 'MfG'], forwardIntro: ['z. K.', 'Gehört das zu euch?', 'Bitte übernehmen.', 'Kam über info@, kann jemand schauen?'], quoted: ['Vielen Dank für Ihre Anfrage. Wir melden uns innerhalb von zwei Werktagen.', 'Ihr Zertifikat läuft in 30 Tagen ab. Jetzt verlängern.'], footer: ['Von meinem iPhone gesendet', 'Diese E-Mail kann vertrauliche Informationen enthalten.'], vague: ['Frage', 'Wichtig', 'Anfrage', 'dringend', 'Hallo'] },
  fr: { greeting: ['Bonjour,', 'Madame, Monsieur,', 'Bonsoir,'], closing: ['Cordialement', 'Bien à vous', 'Merci d’avance', 'Salutations distinguées'], forwardIntro: ['Pour info.', 'C’est pour vous ?', 'Merci de traiter.'], quoted: ['Merci de nous avoir contactés. Votre demande a bien été enregistrée.', 'Votre certificat expire dans 30 jours.'], footer: ['Envoyé de mon iPhone', 'Ce message est confidentiel.'], vague: ['question', 'Urgent', 'demande', 'bonjour'] },
  es: { greeting: ['Hola,', 'Buenos días:', 'Estimados señores:'], closing: ['Saludos', 'Un saludo', 'Gracias de antemano', 'Atentamente'], forwardIntro: ['Para tu información.', '¿Esto es vuestro?', 'Por favor, atended.'], quoted: ['Gracias por contactarnos. Hemos registrado su solicitud.', 'Su certificado caduca en 30 días.'], footer: ['Enviado desde mi iPhone'], vague: ['consulta', 'urgente', 'hola', 'pregunta'] },
  it: { greeting: ['Buongiorno,', 'Salve,', 'Gentili signori,'], closing: ['Cordiali saluti', 'Grazie', 'Distinti saluti'], forwardIntro: ['Per conoscenza.', 'È per voi?'], quoted: ['Grazie per averci contattato. La sua richiesta è stata registrata.'], footer: ['Inviato da iPhone'], vague: ['richiesta', 'urgente', 'domanda'] },
  nl: { greeting: ['Beste,', 'Geachte heer/mevrouw,', 'Hallo,'], closing: ['Met vriendelijke groet', 'Groeten', 'Alvast bedankt'], forwardIntro: ['Ter info.', 'Is dit voor jullie?'], quoted: ['Bedankt voor uw bericht. Wij nemen binnen twee werkdagen contact op.'], footer: ['Verzonden vanaf mijn iPhone'], vague: ['vraag', 'dringend', 'hallo'] },
  pt: { greeting: ['Olá,', 'Bom dia,', 'Prezados,'], closing: ['Obrigado', 'Atenciosamente', 'Cumprimentos'], forwardIntro: ['Para conhecimento.', 'Isto é convosco?'], quoted: ['Obrigado pelo contato. Seu chamado foi registrado.'], footer: ['Enviado do meu iPhone'], vague: ['dúvida', 'urgente', 'olá'] },
  pl: { greeting: ['Dzień dobry,', 'Witam,', 'Szanowni Państwo,'], closing: ['Pozdrawiam', 'Z poważaniem', 'Dziękuję'], forwardIntro: ['Do wiadomości.', 'Czy to do was?'], quoted: ['Dziękujemy za kontakt. Zgłoszenie zostało zarejestrowane.'], footer: ['Wysłane z iPhone’a'], vague: ['pytanie', 'pilne', 'witam'] },
  ru: { greeting: ['Здравствуйте!', 'Добрый день!', 'Уважаемые коллеги,'], closing: ['С уважением', 'Спасибо', 'Заранее благодарю'], forwardIntro: ['Для сведения.', 'Это к вам?'], quoted: ['Спасибо за обращение. Ваша заявка зарегистрирована.'], footer: ['Отправлено с iPhone'], vague: ['вопрос', 'срочно', 'здравствуйте'] },
  tr: { greeting: ['Merhaba,', 'Sayın yetkili,', 'İyi günler,'], closing: ['Saygılarımla', 'Teşekkürler', 'İyi çalışmalar'], forwardIntro: ['Bilginize.', 'Bu sizin konunuz mu?'], quoted: ['Bizimle iletişime geçtiğiniz için teşekkürler. Talebiniz kaydedildi.'], footer: ['iPhone’umdan gönderildi'], vague: ['soru', 'acil', 'merhaba'] },
  hi: { greeting: ['नमस्ते,', 'महोदय,', 'प्रिय टीम,'], closing: ['धन्यवाद', 'सादर', 'भवदीय'], forwardIntro: ['आपकी जानकारी के लिए।'], quoted: ['हमसे संपर्क करने के लिए धन्यवाद। आपका टिकट बन गया है।'], footer: ['मेरे फ़ोन से भेजा गया'], vague: ['प्रश्न', 'तुरंत', 'मदद'] },
  ja: { greeting: ['お世話になっております。', 'こんにちは。', 'ご担当者様'], closing: ['よろしくお願いいたします。', '以上、よろしくお願いします。'], forwardIntro: ['ご参考まで。', 'ご対応お願いします。'], quoted: ['お問い合わせありがとうございます。受付番号を発行しました。'], footer: ['iPhoneから送信'], vague: ['お問い合わせ', '至急', '質問'] },
  ko: { greeting: ['안녕하세요.', '담당자님께', '안녕하십니까?'], closing: ['감사합니다.', '수고하세요.'], forwardIntro: ['참고하세요.', '확인 부탁드립니다.'], quoted: ['문의해 주셔서 감사합니다. 접수되었습니다.'], footer: ['나의 iPhone에서 보냄'], vague: ['문의', '긴급', '질문'] },
  zh: { greeting: ['您好，', '你好！', '尊敬的客服：'], closing: ['谢谢', '此致敬礼', '祝好'], forwardIntro: ['供参考。', '请处理一下。'], quoted: ['感谢您的来信，我们已收到您的请求。'], footer: ['发自我的iPhone'], vague: ['咨询', '紧急', '你好'] },
  ar: { greeting: ['السلام عليكم،', 'مرحبا،', 'السادة الكرام،'], closing: ['شكرا', 'مع التحية', 'وتفضلوا بقبول فائق الاحترام'], forwardIntro: ['للعلم.', 'هل هذا يخصكم؟'], quoted: ['شكرا لتواصلكم معنا. تم تسجيل طلبكم.'], footer: ['أرسلت من هاتفي'], vague: ['سؤال', 'عاجل', 'مرحبا'] },
  vi: { greeting: ['Xin chào,', 'Kính gửi quý công ty,', 'Chào anh chị,'], closing: ['Trân trọng', 'Cảm ơn', 'Xin cảm ơn'], forwardIntro: ['Để biết.', 'Cái này của bên bạn à?'], quoted: ['Cảm ơn bạn đã liên hệ. Yêu cầu của bạn đã được ghi nhận.'], footer: ['Gửi từ iPhone của tôi'], vague: ['câu hỏi', 'khẩn', 'xin chào'] },
};

export function wordsFor(language: string): WrapperWords {
  const own = others[language];
  if (!own) return english;
  return { ...english, ...own, ticket: english.ticket };
}
