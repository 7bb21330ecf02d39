/**
 * What the lexicon sees in a message: for every sentence the concepts, and whether the sentence denies, asks or
 * only imagines. Everything later (signals, model features, reasons) is made from this and from the words.
 */
import type { Message } from '../../../foundation/mail/message.ts';
import { type Sentence, sentencesOf } from '../text.ts';
import type { Lexicons } from './lexicons.ts';
import type { Match } from './matcher.ts';

export interface ReadSentence extends Sentence {
  readonly concepts: ReadonlySet<string>;
  /** Concepts with a negation shortly before or after them. */
  readonly denied: ReadonlySet<string>;
  readonly matches: readonly Match[];
  readonly question: boolean;
  readonly hypothetical: boolean;
}

export interface Reading {
  readonly language: string;
  readonly sentences: readonly ReadSentence[];
}

/** Words between a negation and what it denies. Verbs come last in Hindi, Japanese, Korean and Turkish. */
const negationReach = 4;

export function read(message: Message, language: string, lexicons: Lexicons): Reading {
  return { language, sentences: sentencesOf(message).map((sentence) => readSentence(sentence, language, lexicons)) };
}

function readSentence(sentence: Sentence, language: string, lexicons: Lexicons): ReadSentence {
  const matches: Match[] = [];
  for (const one of language === 'en' ? ['en'] : [language, 'en']) {
    const lexicon = lexicons.of(one);
    if (lexicon) matches.push(...lexicon.match(sentence.words));
  }
  const concepts = new Set(matches.map((match) => match.concept));
  const denied = new Set<string>();
  const negations = matches.filter((match) => match.concept === 'NEG');
  for (const match of matches) {
    if (
      negations.some((one) => one.from < match.from - 0 && match.from - one.to <= negationReach && one.to <= match.from)
    )
      denied.add(match.concept);
    else if (negations.some((one) => one.from >= match.to && one.from - match.to <= 2)) denied.add(match.concept);
  }
  return {
    ...sentence,
    concepts,
    denied,
    matches,
    question: concepts.has('QUESTION'),
    hypothetical: concepts.has('HYPOTHETICAL'),
  };
}
