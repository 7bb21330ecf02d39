/**
 * The CA of the configuration: which connector, with which settings, and under which issuing certificates probes verify
 * what they read. `config check`, `doctor` and `serve` ask the same questions, so that no desk starts that could never
 * order a revocation or see one.
 */
import { Fault } from '../foundation/fault.ts';
import { hasCome, rfc3339, type Time } from '../foundation/time/time.ts';
import type { ConnectorDefinition, RevocationConnector } from '../stages/revocation/connector.ts';
import { connectorDefinitions } from '../stages/revocation/connectors/index.ts';
import type { Config, ConfigProblem } from './config.ts';
import { type IssuerFiles, readIssuerFiles } from './issuers.ts';

/** The lab CA that runs beside this desk needs no settings: its address and token are made at start. */
function isServedLab(config: Config): boolean {
  return config.ca.connector === 'lab' && config.labCa.enabled;
}

/** What is wrong with the part `ca`; empty when the desk can order and look. Opens no connection. */
export async function caProblems(config: Config): Promise<readonly ConfigProblem[]> {
  const definition = connectorDefinitions.find((d) => d.name === config.ca.connector);
  if (definition === undefined) return [{ path: 'ca.connector', message: unknownConnector(config.ca.connector) }];
  const settings = isServedLab(config) ? [] : settingsProblems(definition, config.ca.settings);
  const { certificates, problems } = await readIssuerFiles(config.ca.issuers);
  const none =
    certificates.length === 0 && problems.length === 0 && !isServedLab(config)
      ? [
          {
            path: 'ca.issuers',
            message:
              'Name the certificates of your issuing CAs (PEM or DER files): without them no CRL and no OCSP answer can be verified, and no revocation is ever seen as published.',
          },
        ]
      : [];
  return [...settings, ...problems.map(({ message }) => ({ path: 'ca.issuers', message })), ...none];
}

/** Throws when the desk cannot use what is configured. */
export async function openCa(config: Config): Promise<IssuerFiles> {
  const [problem] = await caProblems(config);
  if (problem !== undefined)
    throw new Fault(
      problem.path === 'ca.connector' ? 'connector_unknown' : 'config_invalid',
      `${problem.path}: ${problem.message}`,
    );
  return readIssuerFiles(config.ca.issuers);
}

export async function openConnector(
  config: Config,
  time: Time,
  lab: { readonly url: string; readonly tokenFile: string } | null,
): Promise<RevocationConnector> {
  const definition = connectorDefinitions.find((d) => d.name === config.ca.connector);
  if (definition === undefined) throw new Fault('connector_unknown', unknownConnector(config.ca.connector));
  const settings = lab === null ? config.ca.settings : { url: lab.url, token: { file: lab.tokenFile } };
  return definition.open(definition.settings.parse(settings), { time });
}

/** One sentence for `doctor`; throws what is wrong. */
export async function describeCa(config: Config, time: Time): Promise<string> {
  const problems = await caProblems(config);
  if (problems.length > 0) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join(' '));
  if (isServedLab(config)) return 'the lab CA that comes with the desk; it issues to nobody outside';
  const { certificates } = await readIssuerFiles(config.ca.issuers);
  const gone = certificates.filter((one) => hasCome(one.notAfter, time.now()));
  const said = `connector ${config.ca.connector}; ${certificates.length} issuing certificate(s): ${certificates
    .slice(0, 3)
    .map((one) => one.commonName ?? one.subject)
    .join(', ')}`;
  return gone.length === 0
    ? said
    : `${said}; ${gone.length} of them expired (${gone[0]!.commonName ?? gone[0]!.subject}, ${rfc3339(gone[0]!.notAfter)})`;
}

function unknownConnector(name: string): string {
  return `There is no connector "${name}". Known: ${connectorDefinitions.map((d) => d.name).join(', ')}.`;
}

function settingsProblems(definition: ConnectorDefinition, settings: unknown): readonly ConfigProblem[] {
  const parsed = definition.settings.safeParse(settings);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({
    path: ['ca.settings', ...issue.path].join('.'),
    message: issue.message,
  }));
}
