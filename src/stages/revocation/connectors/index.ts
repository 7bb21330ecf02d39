/** Every connector there is. Adding one: docs/adding/connector.md. */
import type { ConnectorDefinition } from '../connector.ts';
import { acmeConnector } from './acme.ts';
import { cfsslConnector } from './cfssl.ts';
import { commandConnector } from './command.ts';
import { dogtagConnector } from './dogtag.ts';
import { ejbcaConnector } from './ejbca.ts';
import { formApiConnector } from './form-api.ts';
import { labConnector } from './lab.ts';
import { manualConnector } from './manual.ts';
import { openbaoConnector } from './openbao.ts';
import { stepCaConnector } from './step-ca.ts';

// biome-ignore lint/suspicious/noExplicitAny: each definition has its own settings; `open` gets what its schema read.
export const connectorDefinitions: readonly ConnectorDefinition<any>[] = [
  acmeConnector,
  cfsslConnector,
  commandConnector,
  dogtagConnector,
  ejbcaConnector,
  formApiConnector,
  labConnector,
  manualConnector,
  openbaoConnector,
  stepCaConnector,
];
