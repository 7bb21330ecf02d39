/**
 * Fits the two layers by AdaGrad on the logistic and softmax losses. Deterministic: a fixed order from a seeded
 * generator, the same sums on every machine. Each layer is fitted by itself, so that neither leans on the other.
 */
import type { Label } from '../../../desk/facts.ts';
import { type Features, knowledgeBits, type Sparse, wordBits } from './features.ts';
import { type Calibration, type Layer, type Model, outputs, reportLabels, shortOutput, sigmoid } from './linear.ts';

export interface Example {
  readonly features: Features;
  readonly label: Label;
  readonly hours: 24 | 120 | null;
  /** A family of variants counts about as much as a few messages, however many variants it has. */
  readonly weight: number;
}

export interface FitOptions {
  readonly epochs: number;
  readonly rate: number;
  readonly decay: number;
  readonly calibration: Calibration;
}

export const defaultFit: FitOptions = {
  epochs: 4,
  rate: 0.12,
  decay: 2e-5,
  calibration: { wordsShare: 0.6, wordsShareElsewhere: 0.35, slope: 1, offset: 0 },
};

export function fitModel(examples: readonly Example[], options: FitOptions = defaultFit): Model {
  return {
    words: fitLayer(
      examples.map((one) => one.features.words),
      examples,
      wordBits,
      options,
    ),
    knowledge: fitLayer(
      examples.map((one) => one.features.knowledge),
      examples,
      knowledgeBits,
      options,
    ),
    calibration: options.calibration,
  };
}

function fitLayer(inputs: readonly Sparse[], examples: readonly Example[], bits: number, options: FitOptions): Layer {
  const weights = new Float32Array(2 ** bits * outputs);
  const squares = new Float32Array(2 ** bits * outputs).fill(1e-2);
  const bias = new Float32Array(outputs);
  const gradient = new Float64Array(outputs);
  const order = examples.map((_, index) => index);
  const random = generator(20_260_101);
  // Only for words: knowledge is chosen by hand, and what is rare in it still tells.
  const telling = bits === wordBits ? tellingOf(inputs, examples, bits) : new Float32Array(2 ** bits).fill(1);
  const scaled = inputs.map(({ ids, values }) => values.map((value, at) => value * telling[ids[at]!]!));
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    for (const index of order) {
      const { ids } = inputs[index]!;
      const values = scaled[index]!;
      gradientOf(examples[index]!, ids, values, weights, bias, gradient);
      for (let output = 0; output < outputs; output++) bias[output]! -= 0.02 * gradient[output]!;
      for (let at = 0; at < ids.length; at++) {
        const base = ids[at]! * outputs;
        const value = values[at]!;
        for (let output = 0; output < outputs; output++) {
          const slope = gradient[output]! * value;
          const place = base + output;
          const step = slope + options.decay * weights[place]!;
          if (step === 0) continue;
          squares[place]! += step * step;
          weights[place]! -= (options.rate * step) / Math.sqrt(squares[place]!);
        }
      }
    }
  }
  for (let id = 0; id < telling.length; id++)
    for (let output = 0; output < outputs; output++) weights[id * outputs + output]! *= telling[id]!;
  return quantised(weights, bias, bits);
}

/** How unevenly a feature is spread over reports and other mail; features that tell nothing start small (NB-SVM, Wang and Manning 2012). */
function tellingOf(inputs: readonly Sparse[], examples: readonly Example[], bits: number): Float32Array {
  const inReports = new Float64Array(2 ** bits).fill(tellingPrior);
  const inOthers = new Float64Array(2 ** bits).fill(tellingPrior);
  let reports = 0;
  let others = 0;
  inputs.forEach(({ ids }, index) => {
    const { label, weight } = examples[index]!;
    const counts = label === 'not-a-report' ? inOthers : inReports;
    if (label === 'not-a-report') others += weight;
    else reports += weight;
    for (const id of ids) counts[id]! += weight;
  });
  return Float32Array.from(
    inReports,
    (count, id) =>
      tellingMin + Math.min(tellingMax, Math.abs(Math.log(count / reports) - Math.log(inOthers[id]! / others))),
  );
}
const tellingPrior = 1;
const tellingMin = 0.3;
const tellingMax = 2;

/** Into `gradient`: the derivative of the loss by each output. */
function gradientOf(
  example: Example,
  ids: Uint32Array,
  values: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  gradient: Float64Array,
): void {
  gradient.set(bias);
  for (let at = 0; at < ids.length; at++) {
    const base = ids[at]! * outputs;
    const value = values[at]!;
    for (let output = 0; output < outputs; output++) gradient[output]! += value * weights[base + output]!;
  }
  const report = example.label !== 'not-a-report';
  gradient[0] = (sigmoid(gradient[0]!) - (report ? 1 : 0)) * example.weight;
  if (!report) {
    gradient.fill(0, 1);
    return;
  }
  let top = Number.NEGATIVE_INFINITY;
  for (let output = 1; output < shortOutput; output++) top = Math.max(top, gradient[output]!);
  let sum = 0;
  for (let output = 1; output < shortOutput; output++) sum += Math.exp(gradient[output]! - top);
  reportLabels.forEach((label, index) => {
    const output = 1 + index;
    gradient[output] = (Math.exp(gradient[output]! - top) / sum - (label === example.label ? 1 : 0)) * example.weight;
  });
  gradient[shortOutput] =
    example.hours === null ? 0 : (sigmoid(gradient[shortOutput]!) - (example.hours === 24 ? 1 : 0)) * example.weight;
}

function quantised(weights: Float32Array, bias: Float32Array, bits: number): Layer {
  const scale = new Float32Array(outputs);
  const bytes = new Int8Array(weights.length);
  for (let output = 0; output < outputs; output++) {
    let largest = 1e-9;
    for (let at = output; at < weights.length; at += outputs) largest = Math.max(largest, Math.abs(weights[at]!));
    scale[output] = largest / 127;
    for (let at = output; at < weights.length; at += outputs) bytes[at] = Math.round(weights[at]! / scale[output]!);
  }
  return { bits, bias, scale, weights: bytes };
}

/** mulberry32: small, seeded, the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function shuffle<T>(list: T[], random: () => number): void {
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [list[at], list[other]] = [list[other]!, list[at]!];
  }
}
