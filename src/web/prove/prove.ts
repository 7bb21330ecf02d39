/**
 * On the report form, for those who have scripts: sign a statement with the key instead of sending the key. The page's
 * policy lets it connect to nothing, so the key cannot leave even by mistake; only the form is ever sent.
 */
import { signWithKey } from './key.ts';

/** No key file comes near; a picked disk image would only stop the page. */
const keyBytesMax = 1024 * 1024;

const section = document.querySelector<HTMLElement>('#prove');
const picker = section?.querySelector<HTMLInputElement>('input[type="file"]');
const says = section?.querySelector<HTMLElement>('[role="status"]');
const words = document.querySelector<HTMLTextAreaElement>('textarea[name="text"]');

if (section && picker && says && words) {
  section.hidden = false;
  picker.addEventListener('change', () => void prove(section, picker, says, words));
}

async function prove(
  section: HTMLElement,
  picker: HTMLInputElement,
  says: HTMLElement,
  words: HTMLTextAreaElement,
): Promise<void> {
  const { text = '', form = '' } = section.dataset;
  for (const file of picker.files ?? []) {
    try {
      if (file.size > keyBytesMax) throw new Error('is too large for a key. Send it as a file below.');
      const signed = await signWithKey(await file.text(), text);
      const statement = form
        .replace('@SPKI@', signed.spkiSha256)
        .replace('@KEY@', signed.publicKey)
        .replace('@SIGNATURE@', signed.signature);
      words.value = `${words.value.trimEnd()}\n\n${statement}`.trimStart();
      says.textContent = `Signed with ${file.name} (key ${signed.spkiSha256.slice(0, 16)}…). The statement stands in the text above; the key stays with you.`;
    } catch (error) {
      says.textContent = `${file.name}: ${error instanceof Error ? error.message : 'cannot be read.'}`;
    }
  }
  picker.value = '';
}

/** Says before anything is sent what would be refused after minutes of sending. */
const files = document.querySelector<HTMLInputElement>('input[name="files"]');
files?.addEventListener('change', () => {
  const most = Number(files.dataset.bytes ?? 0);
  const chosen = [...(files.files ?? [])].reduce((sum, file) => sum + file.size, 0);
  const tooLarge = most > 0 && chosen > most;
  files.setCustomValidity(tooLarge ? `Together these files are larger than ${Math.floor(most / 1024 / 1024)} MiB. Send the large one by mail, or name an address where we can fetch it.` : '');
  if (tooLarge) files.reportValidity();
});
