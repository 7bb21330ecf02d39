/** The screens, their places and their keys (G, then a letter). */
export interface Page {
  readonly name: string;
  readonly words: string;
  readonly to: '/' | '/inbox' | '/search' | '/channels' | '/keys' | '/ca' | '/log' | '/ladder' | '/policy' | '/rules' | '/readiness' | '/people';
  readonly keys: string;
}

export const pages: readonly Page[] = [
  { name: 'Now', words: 'the NOW board', to: '/', keys: 'g n' },
  { name: 'Inbox', words: 'the triage inbox', to: '/inbox', keys: 'g t' },
  { name: 'Certificates', words: 'certificate search', to: '/search', keys: 'g c' },
  { name: 'Channels', words: 'channel health', to: '/channels', keys: 'g h' },
  { name: 'Keys', words: 'blocked keys', to: '/keys', keys: 'g b' },
  { name: 'CA', words: 'connectors and renewal', to: '/ca', keys: 'g r' },
  { name: 'Readiness', words: 'readiness for tonight', to: '/readiness', keys: 'g o' },
  { name: 'Ladder', words: 'the escalation ladder', to: '/ladder', keys: 'g e' },
  { name: 'Policy', words: 'the policy', to: '/policy', keys: 'g y' },
  { name: 'Rules', words: 'the rules lab', to: '/rules', keys: 'g u' },
  { name: 'Log', words: 'the event log', to: '/log', keys: 'g l' },
  { name: 'People', words: 'people and tokens', to: '/people', keys: 'g p' },
];
