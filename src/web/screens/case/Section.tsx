import type { ReactNode } from 'react';

export function Section(props: { id: string; title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="section" id={props.id} aria-labelledby={`${props.id}-title`}>
      <header>
        <h2 id={`${props.id}-title`} tabIndex={-1}>
          {props.title}
        </h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}
