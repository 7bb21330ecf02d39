/**
 * Passkeys on the sign-in and account pages. Asks the desk for a question, lets the browser answer it, sends the answer;
 * everything else these pages do works without scripts.
 */
import { createPasskey, usePasskey } from './passkey.ts';

const root = document.querySelector<HTMLElement>('#passkey');
const says = root?.querySelector<HTMLElement>('[role="status"]') ?? null;

if (root !== null && 'PublicKeyCredential' in window) {
  root.hidden = false;
  if (root.dataset.do === 'sign-in') {
    root.querySelector('button')?.addEventListener('click', () => void attempt(signIn));
  } else {
    root.querySelector('[data-add]')?.addEventListener('click', () => void attempt(add));
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-remove]'))
      button.addEventListener('click', () => void attempt(() => remove(button.dataset.remove ?? '')));
  }
}

async function signIn(): Promise<void> {
  const { options } = await ask('POST', '/api/v1/sign-in/passkey/options');
  const response = await usePasskey(options);
  await ask('POST', '/api/v1/sign-in/passkey', { response });
  location.assign('/');
}

async function add(): Promise<void> {
  const name = root?.querySelector<HTMLInputElement>('input[name="name"]')?.value.trim() || 'Passkey';
  const { options } = await ask('POST', '/api/v1/passkeys/options');
  const response = await createPasskey(options);
  await ask('POST', '/api/v1/passkeys', { name, response });
  location.reload();
}

async function remove(path: string): Promise<void> {
  await ask('DELETE', path);
  location.reload();
}

async function attempt(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const cancelled = error instanceof DOMException && error.name === 'NotAllowedError';
    if (says !== null)
      says.textContent = cancelled ? 'Nothing was done: the browser asked and got no answer.' : error instanceof Error ? error.message : 'It did not work.';
  }
}

async function ask(method: string, path: string, body?: object): Promise<{ options: Record<string, unknown> }> {
  const response = await fetch(path, {
    method,
    headers: {
      'x-csrf-token': root?.dataset.csrf ?? '',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json().catch(() => ({}))) as { detail?: string; options?: Record<string, unknown> };
  if (!response.ok) throw new Error(answer.detail ?? `The desk answered ${response.status}.`);
  return { options: answer.options ?? {} };
}
