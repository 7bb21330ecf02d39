/**
 * On the report form for large files: sends the form in pieces and goes on where a connection broke off. Without
 * scripts the form is sent as any other.
 */

const form = document.querySelector<HTMLFormElement>('form[data-uploads]');
const says = document.querySelector<HTMLElement>('#upload-says');
const bar = document.querySelector<HTMLProgressElement>('#upload-progress');
const waitsSeconds = [1, 2, 5, 10, 20, 30];

interface Place {
  readonly path: string;
  readonly secret: string;
}

/** The desk has said no, in a sentence for the reader; trying again would not help. */
class Refused extends Error {}

if (form && says && bar) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const button = form.querySelector<HTMLButtonElement>('button[type="submit"]');
    if (button?.disabled) return;
    if (button) button.disabled = true;
    says.className = 'hint';
    send(form).catch((error: unknown) => {
      const why = error instanceof Refused ? error.message : 'It could not be sent.';
      says.textContent = `${why} Nothing that you wrote here is lost.`;
      says.className = 'bad';
      bar.hidden = true;
      if (button) button.disabled = false;
    });
  });
}

async function send(form: HTMLFormElement): Promise<void> {
  const whole = new Response(new FormData(form));
  const type = whole.headers.get('content-type') ?? '';
  const body = await whole.blob();
  const { uploads = '', piece = '0' } = form.dataset;
  const begun = await asked(() =>
    fetch(uploads, { method: 'POST', headers: { 'content-type': type, 'upload-length': String(body.size) } }),
  );
  const place = { path: begun.headers.get('location') ?? '', secret: begun.headers.get('upload-secret') ?? '' };
  for (let offset = 0; ; ) {
    show(offset, body.size);
    const answer = await asked(() => sendPiece(place, offset, body.slice(offset, offset + Number(piece))));
    if (answer.status === 200) {
      const { statusUrl, receiptId } = (await answer.json()) as { statusUrl: string | null; receiptId: string };
      if (statusUrl !== null) location.assign(statusUrl);
      else tell(`We have your report. Receipt: ${receiptId}`);
      return;
    }
    offset = Number(answer.headers.get('upload-offset'));
  }
}

function sendPiece({ path, secret }: Place, offset: number, piece: Blob): Promise<Response> {
  return fetch(path, {
    method: 'PATCH',
    headers: {
      'content-type': 'application/partial-upload',
      'upload-offset': String(offset),
      'upload-secret': secret,
    },
    body: piece,
  });
}

/** Asks until there is an answer. 409 is one: it says where the upload stands. */
async function asked(ask: () => Promise<Response>): Promise<Response> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask().catch(() => null);
    if (answer !== null && (answer.ok || answer.status === 409)) return answer;
    if (answer !== null && answer.status < 500) throw new Refused(await detailOf(answer));
    const seconds = waitsSeconds[Math.min(tries, waitsSeconds.length - 1)] ?? 30;
    tell(`The connection broke off. What has arrived is kept; trying again in ${seconds} s. Keep this page open.`);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

async function detailOf(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  return problem.detail ?? 'The report was not taken.';
}

function show(offset: number, size: number): void {
  if (!bar) return;
  bar.hidden = false;
  bar.max = size;
  bar.value = offset;
  tell(`${Math.floor((offset / size) * 10) * 10}% has arrived.`);
}

/** Screen readers say what changes here, so it changes by tens. */
function tell(text: string): void {
  if (says && says.textContent !== text) says.textContent = text;
}
