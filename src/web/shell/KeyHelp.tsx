import { Modal } from '@mantine/core';
import { offeredKeys } from './keys.ts';

/** What the keys do on this screen: read from what is registered, so it cannot be out of date. */
export function KeyHelp({ close }: { close: () => void }) {
  const seen = new Set<string>();
  const rows = offeredKeys().filter((k) => !seen.has(k.keys) && seen.add(k.keys));
  return (
    <Modal
      opened
      onClose={close}
      title="Keys"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
      transitionProps={{ duration: 0 }}
    >
      <dl className="key-help">
        {rows.map((k) => (
          <div key={k.keys}>
            <dt>
              {k.keys.split(' ').map((part) => (
                <kbd key={part}>{part.replace('mod+', 'Ctrl ')}</kbd>
              ))}
            </dt>
            <dd>{k.words}</dd>
          </div>
        ))}
      </dl>
      <p className="faint small">
        No single key revokes or sends anything. Internal acts can be undone for 10 seconds.
      </p>
    </Modal>
  );
}
