/**
 * The model in two stages. First one linear layer for each family of features: words and knowledge judge the whole
 * message, the third judges every sentence by itself. Then a mix of their opinions, fitted on what layers that had not
 * seen a message said of it, so that its probabilities mean what they say. Weights are bytes with one scale per output.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Label, labels } from '../../../desk/facts.ts';
import { type Features, knowledgeBits, type Sparse, sentenceBits, wordBits } from './features.ts';

export const reportLabels = labels.filter((label) => label !== 'not-a-report');
/** Output 0: report or not; 1 to 9: the labels; 10: due in 24 hours. */
export const outputs = reportLabels.length + 2;
export const shortOutput = outputs - 1;

export interface Scores {
  /** Probability that the message is a report. */
  readonly report: number;
  /** Probabilities over the nine labels of a report; they add up to one. */
  readonly labels: ReadonlyMap<Label, number>;
  /** Probability that a true report of this kind is due in 24 hours. */
  readonly short: number;
}

export interface Layer {
  readonly bits: number;
  readonly bias: Float32Array;
  readonly scale: Float32Array;
  readonly weights: Int8Array;
}

export interface Layers {
  readonly words: Layer;
  readonly knowledge: Layer;
  /** One output only: whether a sentence is one of a report. */
  readonly sentences: Layer;
}

/** One weight for each opinion, and the offset. */
export interface Mix {
  readonly weights: readonly number[];
  readonly offset: number;
}

export interface Model extends Layers {
  readonly mix: Mix;
}

interface Opinions {
  /** What the mix weighs, all of it towards or against a report. */
  readonly report: readonly number[];
  readonly labels: readonly number[];
  readonly short: number;
}

/** In English, where most of the training data is, words know the label better than knowledge does. */
const wordsShareOfLabels = { english: 0.6, elsewhere: 0.35 } as const;

/** Beyond these a message is long, and longer is no sign of anything: stories are short, the mail of the world is not. */
const wordsToldMax = 60;
const sentencesToldMax = 6;

export function opinionsOf(layers: Layers, features: Features): Opinions {
  const byWords = logits(layers.words, features.words);
  const byKnowledge = logits(layers.knowledge, features.knowledge);
  const bySentence = features.sentences.map((one) => logits(layers.sentences, one)[0]!).sort((a, b) => b - a);
  const mean = bySentence.reduce((sum, one) => sum + one, 0) / Math.max(1, bySentence.length);
  const best = bySentence.slice(0, 2).reduce((sum, one) => sum + one, 0) / Math.max(1, Math.min(2, bySentence.length));
  const words = byWords[0]!;
  const knowledge = byKnowledge[0]!;
  const english = features.english ? 1 : 0;
  const share = features.english ? wordsShareOfLabels.english : wordsShareOfLabels.elsewhere;
  const mixed = byWords.map((value, output) => share * value + (1 - share) * byKnowledge[output]!);
  return {
    report: [
      words,
      knowledge,
      mean,
      best,
      english,
      english * words,
      english * knowledge,
      Math.log1p(Math.min(features.wordsCount, wordsToldMax)),
      Math.log1p(Math.min(bySentence.length, sentencesToldMax)),
    ],
    labels: mixed.slice(1, shortOutput),
    short: mixed[shortOutput]!,
  };
}

export function predict(model: Model, features: Features): Scores {
  const opinions = opinionsOf(model, features);
  const top = Math.max(...opinions.labels);
  const raised = reportLabels.map((label, index): [Label, number] => [label, Math.exp(opinions.labels[index]! - top)]);
  const sum = raised.reduce((total, [, value]) => total + value, 0);
  return {
    report: mixed(model.mix, opinions.report),
    labels: new Map(raised.map(([label, value]) => [label, value / sum])),
    short: sigmoid(opinions.short),
  };
}

export function mixed({ weights, offset }: Mix, opinions: readonly number[]): number {
  return sigmoid(opinions.reduce((sum, one, at) => sum + one * weights[at]!, offset));
}

export function logits(layer: Layer, sparse: Sparse): number[] {
  const width = layer.bias.length;
  const sums = new Float64Array(width);
  for (let at = 0; at < sparse.ids.length; at++) {
    const base = sparse.ids[at]! * width;
    const value = sparse.values[at]!;
    for (let output = 0; output < width; output++) sums[output]! += value * layer.weights[base + output]!;
  }
  return Array.from(layer.bias, (bias, output) => bias + sums[output]! * layer.scale[output]!);
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

const layout = [
  { name: 'words', bits: wordBits, width: outputs },
  { name: 'knowledge', bits: knowledgeBits, width: outputs },
  { name: 'sentences', bits: sentenceBits, width: 1 },
] as const;

interface Head {
  /** What the weights were made from; a test compares it with the data. */
  readonly madeFrom: string;
  readonly layout: typeof layout;
  readonly mix: Mix;
  readonly small: readonly { readonly bias: number[]; readonly scale: number[] }[];
}

/** File layout: a line of JSON with the small numbers, then the bytes of the layers. */
export function packModel(model: Model, madeFrom: string): Buffer {
  const small = layout.map(({ name }) => ({ bias: [...model[name].bias], scale: [...model[name].scale] }));
  const head: Head = { madeFrom, layout, mix: model.mix, small };
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(head)}\n`),
    ...layout.map(({ name }) => Buffer.from(model[name].weights.buffer)),
  ]);
}

export function unpackModel(bytes: Buffer): Model {
  const head = headOf(bytes);
  if (JSON.stringify(head.layout) !== JSON.stringify(layout))
    throw new Error('the triage model does not fit the features; train it again with `npm run train:triage`');
  let at = bytes.indexOf(10) + 1;
  const [words, knowledge, sentences] = layout.map(({ bits, width }, index): Layer => {
    const length = 2 ** bits * width;
    const weights = new Int8Array(bytes.subarray(at, at + length));
    at += length;
    const { bias, scale } = head.small[index]!;
    return { bits, bias: Float32Array.from(bias), scale: Float32Array.from(scale), weights };
  });
  return { words: words!, knowledge: knowledge!, sentences: sentences!, mix: head.mix };
}

function headOf(bytes: Buffer): Head {
  return JSON.parse(bytes.subarray(0, bytes.indexOf(10)).toString('utf8')) as Head;
}

export const weightsFile = join(import.meta.dirname, 'weights.bin');

let loaded: Model | null = null;

/** The committed model, read once. */
export function committedModel(): Model {
  loaded ??= unpackModel(readFileSync(weightsFile));
  return loaded;
}

/** Digest of the stories, lexicon and corpus that the committed weights were trained on. */
export function committedMadeFrom(): string {
  return headOf(readFileSync(weightsFile)).madeFrom;
}
