export { Budget, type ContainerProblem, type Limits, limitsDefault } from './limits.ts';
export { type Packable, type PackFormat, pack } from './pack.ts';
export { type Format, sniff } from './sniff.ts';
export { type Unpacked, type UnpackOptions, unpack } from './unpack.ts';
