import type { Instant } from '../foundation/time/time.ts';
import type { ReceiptMark } from './clock/receipt-mark.ts';
import type { Answer, Event, MatterFacts, ReportFacts } from './events.ts';
import type { EvidenceItem, Label, Team, Triage } from './facts.ts';

/** What somebody wants to happen to a case. `decide` answers with events, or says no. */
export type Command =
  | {
      readonly do: 'receive';
      readonly report: ReportFacts;
      readonly triage: Triage;
      readonly evidence: readonly EvidenceItem[];
      /** What the verdict still waits for (a URL to be fetched), or null. */
      readonly awaiting: string | null;
      readonly matters: readonly MatterFacts[];
      /** Open matters about the same certificates: this report may move their clocks earlier, never later. */
      readonly touches: readonly string[];
      /** Why it joins an existing case; null opens a new one. */
      readonly joins: string | null;
    }
  | {
      readonly do: 'add-evidence';
      readonly reportId: string;
      readonly evidence: readonly EvidenceItem[];
      readonly matters: readonly MatterFacts[];
      readonly touches: readonly string[];
      readonly awaiting: string | null;
    }
  | {
      readonly do: 'confirm';
      readonly reportId: string;
      readonly label: Label;
      readonly because: string;
      readonly matters: readonly MatterFacts[];
      readonly replaces: readonly string[];
    }
  | { readonly do: 'dismiss'; readonly reportId: string; readonly because: string }
  | {
      readonly do: 'close-matter';
      readonly matterId: string;
      readonly because: string;
      readonly people: readonly string[];
    }
  | { readonly do: 'approve'; readonly matterId: string; readonly person: string; readonly because: string }
  | {
      readonly do: 'schedule';
      readonly matterId: string;
      readonly count: number;
      readonly digest: string;
      readonly notBeforeAt: Instant;
      readonly people: readonly string[];
      readonly because: string;
    }
  | {
      readonly do: 'hold';
      readonly matterId: string;
      readonly holdId: string;
      readonly count: number;
      readonly digest: string;
      readonly untilAt: Instant;
      readonly basis: string;
      readonly people: readonly string[];
      readonly because: string;
    }
  | {
      readonly do: 'release';
      readonly matterId: string;
      readonly holdId: string;
      readonly people: readonly string[];
      readonly because: string;
    }
  | { readonly do: 'take'; readonly team: Team }
  | { readonly do: 'hand-off'; readonly to: Team; readonly because: string }
  | {
      readonly do: 'answer';
      readonly matterId: string;
      readonly reportId: string | null;
      readonly subscriber: string;
      readonly answer: Answer;
    }
  | { readonly do: 'first-known'; readonly reportId: string; readonly mark: ReceiptMark; readonly because: string }
  | { readonly do: 'note'; readonly text: string }
  /** What the house did or saw; checked against the promises before it becomes history. */
  | { readonly do: 'record'; readonly events: readonly Event[] };
