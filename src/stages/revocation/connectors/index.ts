/** Every connector there is. Adding one: docs/adding/a-connector.md. */
import type { ConnectorDefinition } from '../connector.ts';
import { labConnector } from './lab.ts';

// biome-ignore lint/suspicious/noExplicitAny: each definition has its own settings; `open` gets what its schema read.
export const connectorDefinitions: readonly ConnectorDefinition<any>[] = [labConnector];
