/**
 * A message as numbers. Three families of features, kept apart on purpose: *words* (word and character n-grams of the
 * masked text), *knowledge* (concepts, signals and the shape of the message) and *sentences* (each sentence of the
 * writer by itself, so that one plain sentence counts in a long mail). Words learn what the training data says;
 * knowledge carries over to languages and phrasings that the data lacks.
 *
 * No host, address, file name or Message-ID is a feature: `text.ts` has turned them into words for their kind.
 */
import type { Message } from '../../../foundation/mail/message.ts';
import { isCharacter } from '../knowledge/matcher.ts';
import type { Reading, ReadSentence } from '../knowledge/reading.ts';
import type { SignalFound } from '../knowledge/signals.ts';
import type { Recognised } from '../recognise/index.ts';

export const wordBits = 18;
export const knowledgeBits = 16;
export const sentenceBits = 17;

/** Sparse vectors with equal-length arrays; the ids of each family live in a space of their own. */
export interface Features {
  readonly words: Sparse;
  readonly knowledge: Sparse;
  /** The writer's own sentences and those passed on, in order; quoted ones are left out. */
  readonly sentences: readonly Sparse[];
  /** What the second stage needs besides the scores of the layers. */
  readonly english: boolean;
  readonly wordsCount: number;
}

export interface Sparse {
  readonly ids: Uint32Array;
  readonly values: Float32Array;
}

export interface Read {
  readonly message: Message;
  readonly reading: Reading;
  readonly signals: readonly SignalFound[];
  readonly recognised: Recognised;
}

export function featuresOf(read: Read): Features {
  const own = read.reading.sentences.filter((one) => one.zone !== 'quoted');
  return {
    words: wordFeatures(read.reading),
    knowledge: knowledgeFeatures(read),
    sentences: own.slice(0, sentencesMax).map(sentenceFeatures),
    english: read.reading.language === 'en',
    wordsCount: own.reduce((sum, one) => sum + one.words.length, 0),
  };
}

/** A person says what he wants within this many sentences. */
const sentencesMax = 25;
const pairedInSentenceMax = 16;

export function sentenceFeatures(sentence: ReadSentence): Sparse {
  const bag = new Bag(sentenceBits);
  const { words } = sentence;
  words.forEach((word, at) => {
    bag.add(`w ${word}`, 1);
    if (at + 1 < words.length) bag.add(`b ${word} ${words[at + 1]}`, 0.8);
  });
  const concepts = [...sentence.concepts].sort();
  for (const concept of concepts) bag.add(`c ${concept}`, 1);
  for (const concept of sentence.denied) bag.add(`not ${concept}`, 0.7);
  if (concepts.length < pairedInSentenceMax) for (const [a, b] of pairsOf(concepts)) bag.add(`${a} ${b}`, 0.6);
  if (sentence.question) bag.add('question', 1);
  if (sentence.hypothetical) bag.add('hypothetical', 1);
  return normalised(bag.values, 4, knowledgePower);
}

/** The largest value of each feature, by its place. */
class Bag {
  readonly values = new Map<number, number>();
  readonly #size: number;
  readonly #prefix: string;

  constructor(bits: number, prefix = '') {
    this.#size = 2 ** bits;
    this.#prefix = prefix;
  }

  add(text: string, value: number): void {
    const id = hash(this.#prefix + text) % this.#size;
    if ((this.values.get(id) ?? 0) < value) this.values.set(id, value);
  }
}

function* pairsOf(list: readonly string[]): Generator<[string, string]> {
  for (let a = 0; a < list.length; a++) for (let b = a + 1; b < list.length; b++) yield [list[a]!, list[b]!];
}

/** Characters of n-grams; shorter ones are words of their own anyway. */
const gramSizes = [3, 4, 5] as const;

function wordFeatures(reading: Reading): Sparse {
  const bag = new Bag(wordBits);
  const add = (text: string, value: number) => bag.add(text, value);
  const seen = new Set<string>();
  for (const sentence of reading.sentences) {
    const mark = sentence.zone === 'quoted' ? 'q' : '';
    const { words } = sentence;
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      add(`${mark}w ${word}`, 1);
      if (at + 1 < words.length) add(`${mark}b ${word} ${words[at + 1]}`, 0.8);
      const character = isCharacter(word);
      if (character && at + 2 < words.length) add(`${mark}t ${word} ${words[at + 1]} ${words[at + 2]}`, 0.8);
      if (!character && at + 2 < words.length) add(`${mark}s ${word} ${words[at + 2]}`, 0.4);
      if (character || seen.has(mark + word) || isMask(word)) continue;
      seen.add(mark + word);
      const padded = `_${word.slice(0, 30)}_`;
      for (const gram of gramSizes) {
        for (let start = 0; start + gram <= padded.length; start++)
          add(`${mark}c ${padded.slice(start, start + gram)}`, 0.35);
      }
    }
  }
  return normalised(bag.values, 4, wordsPower);
}

/** Words that stand for a kind of identifier. */
export function isMask(word: string): boolean {
  return word.charCodeAt(0) === 120 && masks.has(word);
}
const masks = new Set(
  'xprivatekey xemptykey xpgpkey xcsr xcertificatepem xpgpmessage xpgpblock xblock xblob xcrtsh xaddress xkeyfile xcertfile xwildhost xhost xfile xsecretfile xhex xip xnum xurl xsmallbits xbits xbrsection'.split(
    ' ',
  ),
);

/** Concepts worth pairing inside one sentence; the small words (IWE, YOU, PAST) only stand alone. */
const unpaired = new Set(['QUESTION', 'HYPOTHETICAL']);

function knowledgeFeatures(read: Read): Sparse {
  const bag = new Bag(knowledgeBits, 'k ');
  const add = (text: string, value: number) => bag.add(text, value);
  const { reading, signals, message, recognised } = read;
  const own = new Set<string>();
  for (const sentence of reading.sentences) {
    const zone = sentence.zone === 'quoted' ? 'q' : 'o';
    const list = [...sentence.concepts].sort();
    for (const concept of list) {
      add(`${zone} ${concept}`, 1);
      if (zone === 'o') own.add(concept);
      if (sentence.denied.has(concept)) add(`${zone} not ${concept}`, 0.7);
      if (sentence.question) add(`${zone} ? ${concept}`, 0.5);
      if (sentence.hypothetical) add(`${zone} if ${concept}`, 0.5);
      if (sentence.zone === 'subject') add(`subject ${concept}`, 0.7);
    }
    if (list.length > 24) continue;
    for (const [a, b] of pairsOf(list.filter((one) => !unpaired.has(one)))) add(`${zone} ${a} ${b}`, 0.6);
  }
  for (const [text, value] of placesOf(reading)) add(text, value);
  for (const { signal, zone, tentative } of signals) {
    add(`signal ${signal.name}`, 1);
    add(`signal ${zone === 'quoted' ? 'q' : 'o'} ${tentative} ${signal.name}`, 0.7);
  }
  // What turns a whole message round: the same words in an exercise, an advertisement or a word of thanks.
  const against = signals.filter((one) => one.signal.weight < 0 && one.zone !== 'quoted');
  const towards = signals.filter((one) => one.signal.weight > 0 && one.zone !== 'quoted');
  for (const one of against) {
    add(`turned ${towards.length > 0} ${one.signal.name}`, 1);
    for (const other of towards) add(`turned ${one.signal.name} / ${other.signal.name}`, 0.5);
  }
  if (against.length === 0) add(`nothing against ${Math.min(towards.length, 3)}`, 1);
  if (towards.length === 0) add(`nothing towards ${Math.min(against.length, 3)}`, 1);
  for (const one of shapeOf(message, recognised, reading)) add(one, 1);
  return normalised(bag.values, 4, knowledgePower);
}

/** What stands together in one paragraph, and what the writer begins and ends with: the end is where people ask. */
function* placesOf(reading: Reading): Generator<[string, number]> {
  const own = reading.sentences.filter((one) => one.zone !== 'quoted');
  for (const [, sentences] of Map.groupBy(own, (one) => one.paragraph)) {
    const concepts = new Set(sentences.flatMap((one) => [...one.concepts]));
    const list = [...concepts].filter((one) => !grammar.has(one)).sort();
    for (const [a, b] of pairsOf(list.slice(0, pairedInParagraphMax))) yield [`paragraph ${a} ${b}`, 0.5];
  }
  const told = own.filter((one) => one.zone !== 'subject');
  const last = told.at(-1);
  if (!last) return;
  for (const concept of told[0]!.concepts) yield [`first ${concept}`, 0.7];
  for (const concept of last.concepts) yield [`last ${concept}`, 0.7];
  for (const concept of last.denied) yield [`last not ${concept}`, 0.7];
  if (last.question) yield ['last is a question', 1];
  for (const concept of told.at(-2)?.concepts ?? []) yield [`last but one ${concept}`, 0.5];
  const questions = told.filter((one) => one.question).length;
  yield [`questions ${Math.floor((4 * questions) / told.length)}`, 1];
}

const pairedInParagraphMax = 25;
const grammar = new Set(['IWE', 'YOU', 'THEY', 'NEG', 'PAST', 'QUESTION', 'HYPOTHETICAL']);

/** What the message is, apart from what it says. */
function shapeOf(message: Message, recognised: Recognised, reading: Reading): string[] {
  const { artifacts } = recognised;
  const shape = [`automatic ${message.automatic}`];
  if (artifacts.hasPrivateKey) shape.push('has key');
  if (artifacts.hasCertificate || artifacts.derivedFingerprintsSha256.length > 0) shape.push('has certificate');
  if (artifacts.hasCsr) shape.push('has request');
  const identifiers = artifacts.fingerprintsSha256.length + artifacts.serials.length + artifacts.crtshIds.length;
  if (identifiers > 0) shape.push('names certificate');
  if (identifiers > 3) shape.push('names many certificates');
  if (artifacts.urls.length > 0) shape.push('has link');
  if (artifacts.urls.length > 5) shape.push('has many links');
  if (recognised.hostsInText.length > 0) shape.push('names host');
  if (recognised.hostsInText.length > 3) shape.push('names many hosts');
  if (message.inner.length > 0) shape.push('holds message');
  if (message.failures.length > 0) shape.push('delivery failure');
  if (message.feedback !== null) shape.push(`feedback ${message.feedback.type}`);
  if (message.attachments.length > 0) shape.push('has attachment');
  if (reading.sentences.some((one) => one.zone === 'quoted')) shape.push('has quotation');
  const own = reading.sentences
    .filter((one) => one.zone === 'own' || one.zone === 'subject')
    .reduce((sum, one) => sum + one.words.length, 0);
  shape.push(`length ${own < 12 ? 'tiny' : own < 40 ? 'short' : own < 120 ? 'medium' : own < 300 ? 'long' : 'huge'}`);
  return shape;
}

/** Half of this power would be the plain length; a little less lets a long message say more than a short one. */
const wordsPower = 0.45;
const knowledgePower = 0.35;
const lengthMin = 2;

/** Scaled to the given length, so that long messages do not shout. Sorted, so that sums are the same on every run. */
function normalised(bag: ReadonlyMap<number, number>, length: number, power: number): Sparse {
  const entries = [...bag].sort((a, b) => a[0] - b[0]);
  let square = 0;
  for (const [, value] of entries) square += value * value;
  const scale = square === 0 ? 0 : length / Math.max(lengthMin, square ** power);
  return {
    ids: Uint32Array.from(entries, (one) => one[0]),
    values: Float32Array.from(entries, (one) => one[1] * scale),
  };
}

/** FNV-1a over UTF-16 units, with a final mix. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value ^= text.charCodeAt(at);
    value = Math.imul(value, 0x01000193);
  }
  value ^= value >>> 15;
  value = Math.imul(value, 0x2c1b3c6d);
  return (value ^ (value >>> 12)) >>> 0;
}
