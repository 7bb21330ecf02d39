import { replaySuite } from './suite.ts';

replaySuite((name) => name.startsWith('evidence-'));
