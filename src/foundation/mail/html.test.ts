import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlToText } from './html.ts';
import { unseenLines } from './unseen.ts';

describe('HTML', () => {
  it('becomes the words a person reads', () => {
    const html = htmlToText(
      '<html><head><style>p{}</style><script>alert("x")</script></head><body><p>The&nbsp;key of <b>shop</b>.example</p><ul><li>one<li>two</ul>a &lt; b &#x1F511; &euro;<br>end</body>',
    );
    expect(html.text.replace(/\n+/g, '|')).toBe('The key of shop.example|one|two|a < b 🔑 €|end');
  });

  it('shows where links go and what nobody sees', () => {
    const html = htmlToText(
      '<a href="https://crt.sh/?id=1&amp;opt=x">see</a><div style="display:none">serial 0a1b</div><!-- key at /root --><img src=\'https://t.example/p.gif\' alt="a picture"><a href=javascript:x>y</a>',
    );
    expect(html.links).toEqual(['https://crt.sh/?id=1&opt=x', 'https://t.example/p.gif']);
    expect(html.hidden).toContain('serial 0a1b');
    expect(html.hidden).toContain('key at /root');
    expect(html.text.split(/\s+/).join(' ')).toBe('see a picture y');
  });

  it('marks what is quoted', () => {
    const html = htmlToText('<p>mine</p><blockquote><p>yours</p></blockquote><p>mine again</p>');
    expect(html.text.split(/\n+/)).toEqual(['mine', '> yours', 'mine again']);
  });

  it('keeps the lines of preformatted text', () => {
    expect(htmlToText('<pre>-----BEGIN X-----\nAAA\n-----END X-----</pre>').text).toBe(
      '-----BEGIN X-----\nAAA\n-----END X-----',
    );
  });

  it.each([
    ['unclosed tags', '<div><b>'.repeat(200_000)],
    ['closing tags of nothing', '</div>'.repeat(400_000)],
    ['quotes that never end', '<a href="'.repeat(300_000)],
    ['quotes across tags', '<a ="x>'.repeat(300_000)],
    ['links', '<a href="https://x.example/?id=1">x</a>'.repeat(60_000)],
    ['less-than signs', '<'.repeat(2_000_000)],
    ['comments that never end', '<!-- '.repeat(400_000)],
    ['scripts that never end', '<script>'.repeat(300_000)],
    ['ampersands', '&amp'.repeat(500_000)],
    ['one line of inline tags', '<i>x</i>'.repeat(250_000)],
    ['quotes in quotes', '<blockquote>'.repeat(100_000)],
  ])('of %s is read all the same', (_name, html) => {
    expect(htmlToText(html).text.length).toBeLessThanOrEqual(html.length + 20 * 200_000);
  });

  it('of any kind never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom('<', '>', '"', "'", '<!--', '-->', '<p ', '</p>', '&#', ';', '<style>', 'href=', '='),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => typeof htmlToText(pieces.join('')).text === 'string'),
    );
  });
});

describe('the HTML beside a plain text', () => {
  it('adds nothing when it says the same in other lines', () => {
    expect(
      unseenLines(
        'The key of\nshop.example is public, please revoke',
        'The key of shop.example\nis public, please\nrevoke',
      ),
    ).toBe('');
  });

  it('adds what only it says, an identifier above all', () => {
    expect(unseenLines('Please see below\nserial 0a1b2c3d4e5f60718293', 'Please see below')).toContain(
      '0a1b2c3d4e5f60718293',
    );
    expect(unseenLines('the private key was published yesterday', 'Your mail program cannot show this')).not.toBe('');
  });
});
