/**
 * The model: for each family of features one linear layer with eleven outputs, averaged. Weights are bytes with one
 * scale per output; predicting is a walk over the features that a message has.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Label, labels } from '../../../desk/facts.ts';
import { type Features, knowledgeBits, type Sparse, wordBits } from './features.ts';

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

export interface Calibration {
  /** Share of the words layer in English, where most of the training data is; the knowledge layer has the rest. */
  readonly wordsShare: number;
  /** The same in every other language. */
  readonly wordsShareElsewhere: number;
  readonly slope: number;
  readonly offset: number;
}

export interface Model {
  readonly words: Layer;
  readonly knowledge: Layer;
  readonly calibration: Calibration;
}

export function predict(model: Model, features: Features, language: string): Scores {
  const { slope, offset } = model.calibration;
  const wordsShare = language === 'en' ? model.calibration.wordsShare : model.calibration.wordsShareElsewhere;
  const byWords = logits(model.words, features.words);
  const byKnowledge = logits(model.knowledge, features.knowledge);
  const mixed = byWords.map((value, output) => wordsShare * value + (1 - wordsShare) * byKnowledge[output]!);
  const top = Math.max(...mixed.slice(1, shortOutput));
  const raised = reportLabels.map((label, index): [Label, number] => [label, Math.exp(mixed[1 + index]! - top)]);
  const sum = raised.reduce((total, [, value]) => total + value, 0);
  return {
    report: sigmoid(slope * mixed[0]! + offset),
    labels: new Map(raised.map(([label, value]) => [label, value / sum])),
    short: sigmoid(mixed[shortOutput]!),
  };
}

export function logits(layer: Layer, sparse: Sparse): number[] {
  const result = Array.from(layer.bias);
  const sums = new Float64Array(outputs);
  for (let at = 0; at < sparse.ids.length; at++) {
    const base = sparse.ids[at]! * outputs;
    const value = sparse.values[at]!;
    for (let output = 0; output < outputs; output++) sums[output]! += value * layer.weights[base + output]!;
  }
  return result.map((bias, output) => bias + sums[output]! * layer.scale[output]!);
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** File layout: a line of JSON with the small numbers, then the bytes of both layers. */
export function packModel(model: Model): Buffer {
  const head = {
    wordBits: model.words.bits,
    knowledgeBits: model.knowledge.bits,
    outputs,
    calibration: model.calibration,
  };
  const small = (layer: Layer) => ({ bias: [...layer.bias], scale: [...layer.scale] });
  const line = `${JSON.stringify({ ...head, words: small(model.words), knowledge: small(model.knowledge) })}\n`;
  return Buffer.concat([
    Buffer.from(line),
    Buffer.from(model.words.weights.buffer),
    Buffer.from(model.knowledge.weights.buffer),
  ]);
}

export function unpackModel(bytes: Buffer): Model {
  const end = bytes.indexOf(10);
  const head = JSON.parse(bytes.subarray(0, end).toString('utf8'));
  if (head.wordBits !== wordBits || head.knowledgeBits !== knowledgeBits || head.outputs !== outputs) {
    throw new Error(
      'the triage model does not fit the features; train it again with `node src/stages/triage/model/train.ts`',
    );
  }
  let at = end + 1;
  const layer = (bits: number, small: { bias: number[]; scale: number[] }): Layer => {
    const length = 2 ** bits * outputs;
    const weights = new Int8Array(bytes.subarray(at, at + length));
    at += length;
    return { bits, bias: Float32Array.from(small.bias), scale: Float32Array.from(small.scale), weights };
  };
  return {
    words: layer(wordBits, head.words),
    knowledge: layer(knowledgeBits, head.knowledge),
    calibration: head.calibration,
  };
}

let loaded: Model | null = null;

/** The committed model, read once. */
export function committedModel(): Model {
  loaded ??= unpackModel(readFileSync(join(import.meta.dirname, 'weights.bin')));
  return loaded;
}
