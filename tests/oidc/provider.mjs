// A real OpenID provider (npm `oidc-provider`, certified) for the end-to-end tests, with what a test needs beside it:
// keys that change, assertions that nobody should believe, and somebody who fills in the login page.
//
// In: the folder that has `node_modules`. Out: one line with its address, then whatever is asked for until stdin ends.
import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: Provider } = await load('oidc-provider');
const { generateKeyPair, exportJWK, SignJWT } = await load('jose');

const algorithms = { RS256: 'RS256', ES256: 'ES256' };
let keys; // of the provider, by algorithm
let provider;
const foreign = (await generateKeyPair('RS256', { extractable: true })).privateKey;

const server = createServer((request, response) => {
  const [path] = request.url.split('?');
  if (!path.startsWith('/_')) return provider.callback()(request, response);
  let body = '';
  request.on('data', (piece) => (body += piece));
  request.on('end', () => {
    extra(path, body ? JSON.parse(body) : {})
      .then((answer) => response.end(JSON.stringify(answer)))
      .catch((error) => {
        response.statusCode = 500;
        response.end(String(error.stack));
      });
  });
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
await renew();
console.log(JSON.stringify({ issuer }));
console.log = console.info = console.error; // nobody reads stdout any more
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

/** New keys: what the old ones signed is believed no longer, once somebody asks. */
async function renew() {
  keys = {};
  const jwks = [];
  for (const alg of Object.keys(algorithms)) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = randomUUID();
    keys[alg] = { privateKey, kid };
    jwks.push({ ...(await exportJWK(privateKey)), kid, alg, use: 'sig' });
  }
  provider = new Provider(issuer, {
    jwks: { keys: jwks },
    clients: [
      {
        client_id: 'strongroom-cli',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      {
        client_id: 'ci',
        client_secret: 'a-secret-of-the-test',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com` }) }),
    claims: { email: ['email'], profile: [] },
    conformIdTokenClaims: false,
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:strongroom',
        getResourceServerInfo: () => ({
          scope: '',
          audience: 'strongroom',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  provider.proxy = true;
}

async function extra(path, asked) {
  switch (path) {
    case '/_renew':
      await renew();
      return {};
    case '/_mint':
      return { token: await mint(asked) };
    case '/_sign-in':
      return { url: await signIn(asked) };
    default:
      throw new Error(`nothing at ${path}`);
  }
}

/** A token with these claims: `how` says whether it should be believed. */
async function mint({ how, claims, alg = 'RS256' }) {
  const { privateKey, kid } = keys[alg];
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  switch (how) {
    case 'real':
      return new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(privateKey);
    case 'foreign':
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(foreign);
    case 'none':
      return `${encoded({ alg: 'none', kid })}.${encoded(claims)}.`;
    case 'shared': {
      // The old attack: the public key, which everybody has, taken for a shared secret.
      const published = await (await fetch(`${issuer}/jwks`)).json();
      const secret = published.keys.find((key) => key.kid === kid).n;
      const signed = `${encoded({ alg: 'HS256', kid })}.${encoded(claims)}`;
      const mac = createHmac('sha256', Buffer.from(secret, 'base64url')).update(signed).digest('base64url');
      return `${signed}.${mac}`;
    }
    default:
      throw new Error(`no token ${how}`);
  }
}

/** Goes to the login page as a browser would, signs in, and gives the URL that it is sent back to. */
async function signIn({ url, login }) {
  const jar = new Map();
  const go = async (to, form) => {
    const answer = await fetch(to, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form && new URLSearchParams(form).toString(),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair] = cookie.split(';');
      const [name, ...value] = pair.split('=');
      jar.set(name, value.join('='));
    }
    return answer;
  };
  let at = url;
  for (let step = 0; step < 12; step += 1) {
    const answer = await go(at);
    const next = answer.headers.get('location');
    if (next) {
      at = new URL(next, issuer).href;
      if (!at.startsWith(issuer)) return at;
      continue;
    }
    const page = await answer.text();
    const action = page.match(/<form[^>]* action="([^"]+)"/)?.[1];
    if (!action) throw new Error(`no form at ${at}: ${page.slice(0, 2000)}`);
    const prompt = page.match(/name="prompt" value="(\w+)"/)?.[1];
    const sent = await go(new URL(action, issuer).href, { prompt, login, password: 'any' });
    at = new URL(sent.headers.get('location'), issuer).href;
    if (!at.startsWith(issuer)) return at;
  }
  throw new Error(`the login page leads nowhere: ${at}`);
}
