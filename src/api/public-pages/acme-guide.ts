import { html } from 'hono/html';
import type { Html } from './layout.ts';

interface Guide {
  readonly id: string;
  readonly server: string;
  readonly how: string;
  readonly lines: readonly string[];
}

/** One working way for each kind of server, the shortest one; which clients were tried is told in docs/operating/acme-clients.md. */
const guides: readonly Guide[] = [
  {
    id: 'nginx',
    server: 'nginx',
    how: 'certbot proves the name through your document root and reloads nginx after each renewal.',
    lines: [
      'certbot certonly --server DIRECTORY --webroot -w /var/www/html -d NAME --deploy-hook "systemctl reload nginx"',
      'ssl_certificate     /etc/letsencrypt/live/NAME/fullchain.pem;',
      'ssl_certificate_key /etc/letsencrypt/live/NAME/privkey.pem;',
    ],
  },
  {
    id: 'apache',
    server: 'Apache httpd',
    how: 'The same with certbot. On Red Hat and its kin the service is called httpd.',
    lines: [
      'certbot certonly --server DIRECTORY --webroot -w /var/www/html -d NAME --deploy-hook "systemctl reload apache2"',
      'SSLCertificateFile    /etc/letsencrypt/live/NAME/fullchain.pem',
      'SSLCertificateKeyFile /etc/letsencrypt/live/NAME/privkey.pem',
    ],
  },
  {
    id: 'caddy',
    server: 'Caddy',
    how: 'Caddy does all of it by itself. Leave reuse_private_keys off.',
    lines: ['{', '  acme_ca DIRECTORY', '  email you@NAME', '}'],
  },
  {
    id: 'iis',
    server: 'IIS on Windows',
    how: 'simple-acme obtains, binds the certificate to the site and puts its daily task into the scheduler. Let the task run every hour.',
    lines: ['wacs.exe --baseuri DIRECTORY'],
  },
  {
    id: 'tomcat',
    server: 'Tomcat and other Java servers',
    how: 'Tomcat 8.5 and newer read PEM files; other servers need a key store, made anew in the deploy hook of certbot. Restart or reload the server there too.',
    lines: [
      '<Certificate certificateFile="/etc/letsencrypt/live/NAME/fullchain.pem" certificateKeyFile="/etc/letsencrypt/live/NAME/privkey.pem" />',
      'openssl pkcs12 -export -in fullchain.pem -inkey privkey.pem -out server.p12 -passout file:password.txt',
    ],
  },
  {
    id: 'haproxy',
    server: 'HAProxy',
    how: 'HAProxy reads chain and key from one file: write it in the deploy hook, readable by HAProxy alone, and reload.',
    lines: [
      'umask 077; cat "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem" > /etc/haproxy/certs/NAME.pem',
      'systemctl reload haproxy',
    ],
  },
  {
    id: 'cert-manager',
    server: 'Kubernetes with cert-manager',
    how: 'An Issuer of kind acme with our directory as server. Rotate the key at each renewal. ARI needs version 1.21 or newer with the feature gate ACMEUseARI.',
    lines: ['spec:', '  privateKey:', '    rotationPolicy: Always'],
  },
  {
    id: 'appliance',
    server: 'Appliances and devices without ACME',
    how: 'A small machine beside it proves the name by DNS, so the device need not be reached, and hands the certificate to the device through its own API in the deploy hook.',
    lines: [
      'acme.sh --issue --server DIRECTORY -d NAME --dns dns_YOURS --always-force-new-domain-key',
      'acme.sh --install-cert -d NAME --key-file key.pem --fullchain-file chain.pem --reloadcmd ./to-the-device.sh',
    ],
  },
];

/** What the final letter to a subscriber leads to: how the next revocation passes unnoticed. */
export function acmeGuide(): Html {
  return html`
<h1>Renew by itself, so that a revocation does not hurt</h1>
<p class="lead">A client that speaks ACME and ARI (RFC 9773) is told when a certificate has to go, and replaces it before that.</p>
<ul>
<li>Run the client every hour. What it is not asked, it cannot hear.</li>
<li>Take a new key each time. A key that was reported is refused for ever.</li>
<li>Keep the account key and the certificate's key apart, and both readable by their service alone.</li>
</ul>
<p>DIRECTORY is the address of your CA's ACME directory, NAME your server's name.</p>
${guides.map(({ id, server, how, lines }) => html`<section id="${id}"><h2>${server}</h2><p>${how}</p><pre><code>${lines.join('\n')}</code></pre></section>`)}`;
}
