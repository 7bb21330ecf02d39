/** What the placeholders of a story become: another invented name or number in every variant. */
export function fillersOf(random: () => number): (text: string) => string {
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)]!;
  const digits = (count: number, alphabet: string) => Array.from({ length: count }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
  const hex = (count: number) => digits(count, '0123456789abcdef');
  const base64 = (count: number) => digits(count, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
  const host = () => `${pick(['www', 'shop', 'mail', 'api', 'portal', 'vpn', 'cloud', 'login', 'git', 'pay'])}.${pick(names)}-${pick(names)}.${pick(['example', 'test', 'example'])}`;
  const armour = (kind: string, rows: number, start: string) =>
    [`-----BEGIN ${kind}-----`, start + base64(64 - start.length), ...Array.from({ length: rows }, () => base64(64)), `-----END ${kind}-----`].join('\n');
  const makers: Readonly<Record<string, () => string>> = {
    host,
    domain: () => `${pick(names)}-${pick(names)}.${pick(['example', 'test'])}`,
    serial: () => pick([hex(32), hex(32).toUpperCase(), `0${hex(31)}`, hex(36), hex(32).replace(/..(?=.)/g, '$&:')]),
    fp: () => pick([hex(64), hex(64).toUpperCase().replace(/..(?=.)/g, '$&:')]),
    crtsh: () => `https://crt.sh/?id=99${digits(9, '0123456789')}`,
    crtshid: () => `99${digits(9, '0123456789')}`,
    url: () => `https://${host()}/${pick(['', 'login', 'x/1', 'index.html', 'start', 'a?b=1', 'p'])}`,
    ip: () => `198.51.100.${1 + Math.floor(random() * 250)}`,
    order: () => `${pick(['ET-', 'ORD', '#', 'A-', ''])}${digits(7, '0123456789')}`,
    num: () => digits(1 + Math.floor(random() * 4), '123456789'),
    email: () => `${pick(names)}@${pick(names)}.example`,
    person: () => pick(['Alex', 'Maria K.', 'J. Novak', 'Ines', 'Tom', 'R. Okafor', 'Lena Voss', 'Sam', 'P. Duarte', 'Yuki', 'Ana']),
    pemkey: () => armour('PRIVATE KEY', 5, 'MIIE'),
    pemcert: () => armour('CERTIFICATE', 6, 'MIIF'),
    pemcsr: () => armour('CERTIFICATE REQUEST', 5, 'MIIC'),
  };
  return (text) => text.replace(/<([a-z]+)>/g, (whole, name: string) => makers[name]?.() ?? whole);
}

const names = ['harbor', 'lumen', 'oak', 'delta', 'kiwi', 'north', 'silver', 'tulip', 'quartz', 'river', 'pixel', 'amber', 'falcon', 'mango', 'polar', 'cedar', 'velvet', 'comet'] as const;
