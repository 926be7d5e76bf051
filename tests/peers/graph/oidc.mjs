// oidc-provider, an OpenID certified server, laid out like the token endpoint of Entra ID:
//   POST {origin}/{tenant}/oauth2/v2.0/token
// Grants, client authentication, assertion checks (signature, audience, times, replay) are its own; only the
// header that Entra asks for (x5t#S256) is checked here.
//
// usage: node oidc.mjs TENANT SECRET CERTIFICATE.pem     prints "listening PORT"
import fs from 'node:fs';
import http from 'node:http';
import { createHash, X509Certificate } from 'node:crypto';
import { exportJWK, generateKeyPair, importX509 } from 'jose';
import Provider, { errors } from 'oidc-provider';

const [tenant, secret, certificate] = process.argv.slice(2);
const graph = 'https://graph.microsoft.com';
const pem = fs.readFileSync(certificate, 'utf8');
const thumbprint = createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
const key = { ...(await exportJWK(await importX509(pem, 'PS256', { extractable: true }))), use: 'sig' };
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const signing = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: 'peer' };

const client = {
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: `${graph}/.default`,
};

function provider(origin) {
  const made = new Provider(`${origin}/${tenant}/v2.0`, {
    clients: [
      { ...client, client_id: 'with-secret', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
      {
        ...client,
        client_id: 'with-certificate',
        jwks: { keys: [key] },
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'PS256',
      },
    ],
    jwks: { keys: [signing] },
    clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['PS256'] },
    // The second is of another cloud: known, and granted to nobody.
    scopes: [`${graph}/.default`, 'https://microsoftgraph.chinacloudapi.cn/.default'],
    clockTolerance: 5,
    ttl: { ClientCredentials: 3599 },
    routes: { token: '/oauth2/v2.0/token', jwks: '/discovery/v2.0/keys' },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => graph,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== graph) throw new errors.InvalidTarget();
          return {
            audience: graph,
            scope: `${graph}/.default`,
            accessTokenTTL: 3599,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
    assertJwtClientAuthClaimsAndHeader: async (_context, claims, header, who) => {
      if (claims.sub !== who.clientId) throw new errors.InvalidClientAuth('sub is not the client id');
      if (header.typ !== 'JWT') throw new errors.InvalidClientAuth('typ is not JWT');
      if (header['x5t#S256'] !== thumbprint) throw new errors.InvalidClientAuth('x5t#S256 names another certificate');
    },
  });
  made.on('grant.error', (_context, error) => console.error(error.error, error.error_description, error.error_detail ?? ''));
  return made.callback();
}

let answer;
const server = http.createServer((request, response) => {
  const prefix = `/${tenant}`;
  if (!request.url.startsWith(`${prefix}/`)) {
    response.writeHead(400, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ error: 'invalid_request', error_description: 'AADSTS90002: Tenant not found.', error_codes: [90002] }));
    return;
  }
  request.url = request.url.slice(prefix.length);
  request.originalUrl = prefix + request.url;
  answer(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  answer = provider(`http://127.0.0.1:${port}`);
  console.log(`listening ${port}`);
});
