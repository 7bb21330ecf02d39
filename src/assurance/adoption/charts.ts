/** Two small charts as SVG text. Every value is written beside its mark, so that colour is never the only signal. */

const width = 640;

export function barChart(bars: readonly { readonly label: string; readonly value: number }[]): string {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const row = 30;
  const from = 240;
  const lines = bars.map(({ label, value }, i) => {
    const long = Math.round((value / most) * (width - from - 80));
    const y = i * row;
    return `<text x="${from - 10}" y="${y + 20}" text-anchor="end">${escaped(label)}</text><rect x="${from}" y="${y + 6}" width="${Math.max(long, 1)}" height="18" fill="var(--line)"/><text x="${from + long + 8}" y="${y + 20}">${value}</text>`;
  });
  const told = bars.map((bar) => `${bar.label}: ${bar.value}`).join('; ');
  return svg(bars.length * row + 6, told, lines.join('\n'));
}

const dashes = ['', '6 4', '2 3', '10 3 2 3', '1 5'];

/** Shares of 0 to 1 over labelled points; a missing value breaks the line. */
export function lineChart(
  labels: readonly string[],
  lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[],
): string {
  const plot = { from: 50, to: width - 190, top: 12, bottom: 220 };
  const x = (i: number) => plot.from + (labels.length < 2 ? 0 : (i / (labels.length - 1)) * (plot.to - plot.from));
  const y = (value: number) => plot.bottom - value * (plot.bottom - plot.top);
  const grid = [0, 0.5, 1].map(
    (value) =>
      `<line x1="${plot.from}" x2="${plot.to}" y1="${y(value)}" y2="${y(value)}" stroke="var(--soft)"/><text x="${plot.from - 8}" y="${y(value) + 4}" text-anchor="end">${value * 100} %</text>`,
  );
  const names = labels.map(
    (label, i) => `<text x="${x(i)}" y="${plot.bottom + 20}" text-anchor="middle">${escaped(label)}</text>`,
  );
  // Labels at the right end keep their distance from each other whatever the values.
  const ends = lines.map((line, i) => ({ i, at: y(line.values.at(-1) ?? 0) })).sort((a, b) => a.at - b.at);
  const labelAt = new Map<number, number>();
  let free = plot.top;
  for (const { i, at } of ends) {
    const place = Math.max(at, free);
    labelAt.set(i, place);
    free = place + 16;
  }
  const drawn = lines.map(({ label, values }, i) => {
    let pen = false;
    const path = values
      .map((value, point) => {
        if (value === null) {
          pen = false;
          return '';
        }
        const step = `${pen ? 'L' : 'M'}${x(point).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = true;
        return step;
      })
      .join(' ');
    const dash = dashes[i % dashes.length] === '' ? '' : ` stroke-dasharray="${dashes[i % dashes.length]}"`;
    return `<path d="${path}" fill="none" stroke="var(--line)" stroke-width="2"${dash}/><text x="${plot.to + 8}" y="${labelAt.get(i)! + 4}">${escaped(label)}</text>`;
  });
  return svg(
    plot.bottom + 30,
    lines.map((line) => line.label).join('; '),
    [...grid, ...names, ...drawn].join('\n'),
    300,
  );
}

function svg(height: number, told: string, content: string, more = 0): string {
  return `<svg viewBox="0 0 ${width + more} ${height}" role="img" aria-label="${escaped(told)}">\n${content}\n</svg>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
