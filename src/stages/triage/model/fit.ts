/**
 * Fits the layers by AdaGrad on the logistic and softmax losses, then the mix of their opinions. Deterministic: a fixed
 * order from a seeded generator, the same sums on every machine. Each layer is fitted by itself, so that none leans on
 * another.
 */
import type { Label } from '../../../desk/facts.ts';
import { type Features, knowledgeBits, type Sparse, sentenceBits, wordBits } from './features.ts';
import { type Layer, type Layers, type Mix, outputs, reportLabels, shortOutput, sigmoid } from './linear.ts';

export interface Example {
  readonly features: Features;
  readonly label: Label;
  readonly hours: 24 | 120 | null;
  /** A family of variants counts about as much as a few messages, however many variants it has. */
  readonly weight: number;
}

interface FitOptions {
  readonly epochs: number;
  readonly rate: number;
  readonly decay: number;
}

const options: FitOptions = { epochs: 4, rate: 0.12, decay: 2e-5 };

export function fitLayers(examples: readonly Example[]): Layers {
  const sentences = examples.flatMap((one) => {
    // The label of the message is that of its sentences, for want of a better one; a long message is not worth more.
    const weight = one.weight / Math.sqrt(Math.max(1, one.features.sentences.length));
    return one.features.sentences.map((input): Case => ({ ...one, input, weight }));
  });
  return {
    words: fitLayer(casesOf(examples, 'words'), { bits: wordBits, width: outputs, scaled: true }),
    // Knowledge is chosen by hand, and what is rare in it still tells.
    knowledge: fitLayer(casesOf(examples, 'knowledge'), { bits: knowledgeBits, width: outputs, scaled: false }),
    sentences: fitLayer(sentences, { bits: sentenceBits, width: 1, scaled: true }),
  };
}

interface Case extends Pick<Example, 'label' | 'hours' | 'weight'> {
  readonly input: Sparse;
}

function casesOf(examples: readonly Example[], family: 'words' | 'knowledge'): Case[] {
  return examples.map((one) => ({ ...one, input: one.features[family] }));
}

interface Shape {
  readonly bits: number;
  readonly width: number;
  /** Whether features that tell nothing start small. */
  readonly scaled: boolean;
}

function fitLayer(cases: readonly Case[], { bits, width, scaled }: Shape): Layer {
  const weights = new Float32Array(2 ** bits * width);
  const squares = new Float32Array(2 ** bits * width).fill(1e-2);
  const bias = new Float32Array(width);
  const gradient = new Float64Array(width);
  const order = cases.map((_, index) => index);
  const random = generator(20_260_101);
  const telling = scaled ? tellingOf(cases, bits) : new Float32Array(2 ** bits).fill(1);
  const values = cases.map(({ input }) => input.values.map((value, at) => value * telling[input.ids[at]!]!));
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    for (const index of order) {
      const { ids } = cases[index]!.input;
      const row = values[index]!;
      gradientOf(cases[index]!, ids, row, weights, bias, gradient);
      for (let output = 0; output < width; output++) bias[output]! -= 0.02 * gradient[output]!;
      for (let at = 0; at < ids.length; at++) {
        const base = ids[at]! * width;
        const value = row[at]!;
        for (let output = 0; output < width; output++) {
          const place = base + output;
          const step = gradient[output]! * value + options.decay * weights[place]!;
          if (step === 0) continue;
          squares[place]! += step * step;
          weights[place]! -= (options.rate * step) / Math.sqrt(squares[place]!);
        }
      }
    }
  }
  for (let id = 0; id < telling.length; id++)
    for (let output = 0; output < width; output++) weights[id * width + output]! *= telling[id]!;
  return quantised(weights, bias, bits);
}

/** How unevenly a feature is spread over reports and other mail; features that tell nothing start small (NB-SVM, Wang and Manning 2012). */
function tellingOf(cases: readonly Case[], bits: number): Float32Array {
  const inReports = new Float64Array(2 ** bits).fill(tellingPrior);
  const inOthers = new Float64Array(2 ** bits).fill(tellingPrior);
  let reports = 0;
  let others = 0;
  for (const { input, label, weight } of cases) {
    const counts = label === 'not-a-report' ? inOthers : inReports;
    if (label === 'not-a-report') others += weight;
    else reports += weight;
    for (const id of input.ids) counts[id]! += weight;
  }
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
  example: Case,
  ids: Uint32Array,
  values: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  gradient: Float64Array,
): void {
  gradient.set(bias);
  const width = bias.length;
  for (let at = 0; at < ids.length; at++) {
    const base = ids[at]! * width;
    const value = values[at]!;
    for (let output = 0; output < width; output++) gradient[output]! += value * weights[base + output]!;
  }
  const report = example.label !== 'not-a-report';
  gradient[0] = (sigmoid(gradient[0]!) - (report ? 1 : 0)) * example.weight;
  if (width === 1) return;
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
  const width = bias.length;
  const scale = new Float32Array(width);
  const bytes = new Int8Array(weights.length);
  for (let output = 0; output < width; output++) {
    let largest = 1e-9;
    for (let at = output; at < weights.length; at += width) largest = Math.max(largest, Math.abs(weights[at]!));
    scale[output] = largest / 127;
    for (let at = output; at < weights.length; at += width) bytes[at] = Math.round(weights[at]! / scale[output]!);
  }
  return { bits, bias, scale, weights: bytes };
}

export interface Point {
  readonly opinions: readonly number[];
  readonly report: boolean;
  readonly weight: number;
}

const mixRounds = 1_500;
const mixRate = 0.5;
const mixDecay = 1e-3;

/** Logistic regression over opinions of layers that had not seen the message; on standardised inputs, then unfolded. */
export function fitMix(points: readonly Point[]): Mix {
  const width = points[0]!.opinions.length;
  const total = points.reduce((sum, one) => sum + one.weight, 0);
  const average = (of: (one: Point) => number) => points.reduce((sum, one) => sum + one.weight * of(one), 0) / total;
  const means = Array.from({ length: width }, (_, at) => average((one) => one.opinions[at]!));
  const spreads = means.map((mean, at) => Math.sqrt(average((one) => (one.opinions[at]! - mean) ** 2)) + 1e-9);
  const rows = points.map((one) => Float64Array.from(one.opinions, (value, at) => (value - means[at]!) / spreads[at]!));
  const weights = new Float64Array(width);
  let offset = 0;
  for (let round = 0; round < mixRounds; round++) {
    const slopes = new Float64Array(width);
    let slope = 0;
    points.forEach(({ report, weight }, index) => {
      const row = rows[index]!;
      let value = offset;
      for (let at = 0; at < width; at++) value += row[at]! * weights[at]!;
      const error = weight * (sigmoid(value) - (report ? 1 : 0));
      slope += error;
      for (let at = 0; at < width; at++) slopes[at]! += error * row[at]!;
    });
    offset -= (mixRate * slope) / total;
    for (let at = 0; at < width; at++) weights[at]! -= mixRate * (slopes[at]! / total + mixDecay * weights[at]!);
  }
  const unfolded = Array.from(weights, (one, at) => one / spreads[at]!);
  return { weights: unfolded, offset: offset - unfolded.reduce((sum, one, at) => sum + one * means[at]!, 0) };
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
