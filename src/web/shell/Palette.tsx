import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useId, useState } from 'react';
import { call } from '../link/api.ts';
import { offeredKeys } from './keys.ts';
import { pages } from './pages.ts';

interface Choice {
  readonly id: string;
  readonly words: string;
  readonly aside: string;
  readonly act: () => void;
}

/** Go anywhere, find anything, do what the screen offers: one field, arrows and Enter. */
export function Palette(props: { close: () => void; contrast: () => void; colours: () => void }) {
  const navigate = useNavigate();
  const listId = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const wanted = useDeferredValue(text.trim());
  const [acts] = useState(() =>
    offeredKeys().filter((k) => k.keys !== 'mod+k' && k.keys !== '/' && !k.keys.startsWith('g ')),
  );
  const found = useQuery({
    queryKey: ['palette', wanted],
    queryFn: ({ signal }) => call('search', { query: { q: wanted, limit: 12 }, signal }),
    enabled: wanted.length > 1,
    placeholderData: (before) => before,
  });
  const go = (to: string): void => void navigate({ to });
  const fits = (words: string): boolean => words.toLowerCase().includes(wanted.toLowerCase());
  const choices: Choice[] = [
    ...(wanted.length > 1 ? (found.data?.cases ?? []) : []).map((c) => ({
      id: c.caseId,
      words: c.title,
      aside: c.caseId,
      act: () => go(`/cases/${c.caseId}`),
    })),
    ...(wanted.length > 1 ? (found.data?.certificates ?? []) : []).map((c) => ({
      id: c.fingerprint,
      words: c.names[0] ?? c.serial,
      aside: `certificate ${c.serial}`,
      act: () => go(`/search?q=${c.fingerprint}`),
    })),
    ...pages
      .filter((p) => fits(`go to ${p.words}`))
      .map((p) => ({ id: p.to, words: `Go to ${p.words}`, aside: p.keys.toUpperCase(), act: () => go(p.to) })),
    ...acts
      .filter((a) => fits(a.words))
      .map((a) => ({ id: `act ${a.keys}`, words: a.words, aside: a.keys, act: a.act })),
    ...[
      { id: 'colours', words: 'Change colours (light, dark, system)', aside: '', act: props.colours },
      { id: 'contrast', words: 'Higher contrast on or off', aside: '', act: props.contrast },
      { id: 'wall', words: 'Wall display', aside: '', act: () => go('/?wall=true') },
    ].filter((c) => fits(c.words)),
  ].slice(0, 14);
  const chosen = choices[Math.min(at, choices.length - 1)];
  const take = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    props.close();
    // The dialog gives the keyboard back before the act runs.
    setTimeout(choice.act, 0);
  };
  return (
    <Modal
      opened
      onClose={props.close}
      withCloseButton={false}
      padding={0}
      size={620}
      yOffset="12vh"
      transitionProps={{ duration: 0 }}
      aria-label="Command palette"
    >
      <input
        className="palette-field"
        placeholder="Case, serial, SHA-256, name, or what to do"
        aria-label="Search or command"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={chosen === undefined ? undefined : `${listId}-${chosen.id}`}
        data-autofocus
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(at + 1, choices.length - 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
          else if (event.key === 'Enter') take(chosen);
          else return;
          event.preventDefault();
        }}
      />
      <div role="listbox" id={listId} aria-label="Choices" className="palette-list">
        {choices.map((choice) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keyboard
          <div
            key={choice.id}
            id={`${listId}-${choice.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={choice === chosen}
            onClick={() => take(choice)}
          >
            <span className="clip">{choice.words}</span>
            <span className="faint small mono">{choice.aside}</span>
          </div>
        ))}
        {choices.length === 0 && <p className="faint">Nothing found.</p>}
      </div>
    </Modal>
  );
}
