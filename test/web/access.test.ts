import { request } from 'node:http';
import Router from '@koa/router';
import { expect } from 'chai';
import { KEY, openHouse, type TestHouse } from '../support/house.ts';

interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** Sends a request as it is written: `fetch` would mend paths and refuse headers such as Host. */
function ask(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const req = request({ hostname, port, path, method, headers, agent: false }, (res) => {
      let text = '';
      const done = (): void =>
        resolve({ status: res.statusCode!, headers: res.headers as Record<string, string>, text });
      res.setEncoding('utf8').on('end', done).on('error', reject);
      res.on('data', (chunk) => {
        text += chunk;
        if (res.headers['content-type']?.startsWith('text/event-stream')) {
          done();
          req.destroy();
        }
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

const API = [
  '/metrics',
  '/api/usage',
  '/token-usage',
  '/api/summary',
  '/token_events',
  '/api/v1/requests',
  '/api/v1/requests/x',
].concat(['/api/v1/totals', '/api/v1/series', '/api/v1/config', '/api/v1/events', '/api/v1/unknown', '/api/v1']);
const PAGES = [
  '/dashboard',
  '/dashboard/requests',
  '/dashboard/requests/x',
  '/dashboard/pipeline',
  '/dashboard/config',
  '/dashboard/x',
];
const OPEN = ['/health', '/healthz', '/readyz', '/live', '/ready'];
const MISSING = ['/api/v1/requests/x', '/api/v1/unknown', '/api/v1', '/dashboard/requests/x', '/dashboard/x'];
const BEARER = { authorization: `Bearer ${KEY}` };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Logs in as a browser does and gives the cookie. */
async function login(url: string, key = KEY, next = '/dashboard'): Promise<Answer & { cookie: string }> {
  const form = await ask(url, '/login');
  const token = /name="token" value="([^"]+)"/.exec(form.text)![1]!;
  const cookie = String(form.headers['set-cookie']).split(';')[0]!;
  const body = new URLSearchParams({ key, token, next }).toString();
  const answer = await ask(url, '/login', { ...FORM, cookie, origin: url, host: new URL(url).host }, 'POST', body);
  return { ...answer, cookie: /token_spy_session=[^;]*/.exec(String(answer.headers['set-cookie']))?.[0] ?? '' };
}

const tokenIn = (page: Answer): string => /name="token" value="([^"]+)"/.exec(page.text)![1]!;

describe('Access to the pages and the API', () => {
  let test: TestHouse;
  let locked: string;
  let open: string;
  let proxyOnly: string;

  beforeEach(async () => {
    test = await openHouse();
    locked = await test.listen({ locked: true });
    open = await test.listen();
    proxyOnly = await test.listen({ dashboard: false, agent: 'open-webui' });
  });
  afterEach(() => test.close());

  for (const path of [...API, ...PAGES]) {
    const found = MISSING.includes(path) ? 404 : 200;
    it(`${path} asks for a key where the listener is locked`, async () => {
      const none = await ask(locked, path);
      const wrong = await ask(locked, path, { authorization: 'Bearer wrong' });
      expect([none.status, wrong.status]).to.eql([401, 401]);
      expect(none.text).to.equal(wrong.text);
      expect(none.headers['www-authenticate']).to.equal('Bearer');
      expect((await ask(locked, path, BEARER)).status).to.equal(found);
      expect((await ask(locked, path, { 'x-api-key': KEY })).status).to.equal(found);
      expect((await ask(locked, path, { 'x-goog-api-key': KEY })).status).to.equal(found);
    });

    it(`${path} opens with a login, and not to another Host`, async () => {
      const { cookie } = await login(locked);
      expect((await ask(locked, path, { cookie })).status).to.equal(found);
      expect((await ask(locked, path, { cookie, host: 'evil.example' })).status).to.equal(421);
      expect((await ask(locked, path, { ...BEARER, host: 'evil.example' })).status).to.equal(421);
      expect((await ask(open, path, { host: 'evil.example:9110' })).status).to.equal(421);
      expect((await ask(locked, path, { ...BEARER, host: 'gateway.test' })).status).to.equal(found);
    });

    it(`${path} is open on an open loopback listener, and tells foreign origins nothing`, async () => {
      const answer = await ask(open, path, { origin: 'https://evil.example' });
      expect(answer.status).to.equal(found);
      expect(answer.headers).to.not.have.property('access-control-allow-origin');
      expect(answer.headers['content-security-policy']).to.include("script-src 'self'").and.not.include('unsafe');
      expect(answer.headers).to.include({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
      });
    });

    it(`${path} needs a key on a listener for the proxy, also where traffic needs none`, async () => {
      expect((await ask(proxyOnly, path, { accept: 'text/html' })).status).to.equal(401);
      const { cookie } = await login(locked);
      expect((await ask(proxyOnly, path, { cookie })).status).to.equal(401);
      expect((await ask(proxyOnly, path, BEARER)).status).to.equal(found);
    });

    it(`${path} refuses what another page posts`, async () => {
      const { cookie } = await login(locked);
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', 'content-type': 'text/plain' },
        {},
      ]) {
        const answer = await ask(locked, path, { cookie, ...headers }, 'POST', 'a=b');
        expect(answer.status, JSON.stringify(headers)).to.equal(403);
      }
    });
  }

  for (const path of OPEN) {
    it(`${path} answers anybody and tells strangers no version, path or host`, async () => {
      for (const url of [locked, open, proxyOnly]) expect((await ask(url, path)).status).to.equal(200);
      const { text } = await ask(locked, path);
      expect(text).to.not.match(/abcdef012345|9\.8\.7|gateway\.yaml|127\.0\.0\.1|somebody/);
    });
  }

  it('keys in a query, a cookie or Basic open nothing', async () => {
    const basic = Buffer.from(`admin:${KEY}`).toString('base64');
    expect((await ask(locked, `/api/usage?key=${KEY}&api_key=${KEY}`)).status).to.equal(401);
    expect((await ask(locked, '/api/usage', { cookie: `token_spy_session=${KEY}` })).status).to.equal(401);
    expect((await ask(locked, '/api/usage', { authorization: `Basic ${basic}` })).status).to.equal(401);
  });

  it('odd keys open nothing and break nothing', async () => {
    const odd = [
      '',
      ' ',
      'Bearer',
      `${KEY} `.repeat(2),
      KEY.slice(1),
      KEY.toUpperCase(),
      `"${KEY}"`,
      '%00',
      "' or 1=1 --",
      'ü'.repeat(30),
      'x'.repeat(6000),
    ];
    for (const key of odd.slice(0, 9)) {
      expect((await ask(locked, '/api/usage', { authorization: `Bearer ${key}` })).status, key).to.equal(401);
    }
    for (const key of odd.slice(9))
      expect((await ask(locked, '/api/usage', { 'x-api-key': key })).status).to.be.oneOf([401, 429]);
  });

  it('forwarding headers of a client change nothing', async () => {
    const headers = {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'localhost',
      forwarded: 'for=127.0.0.1',
      'x-real-ip': '127.0.0.1',
    };
    expect((await ask(locked, '/api/usage', headers)).status).to.equal(401);
  });

  it('an open listener that is not on loopback is open for traffic only', async () => {
    const { listeners } = test.house;
    test.house.listeners = () => listeners().map((one) => ({ ...one, url: 'http://0.0.0.0:9110' }));
    expect((await ask(open, '/dashboard')).status).to.equal(401);
    expect((await ask(open, '/v1/models')).text).to.equal('upstream');
  });

  it('other spellings of our paths are no way in', async () => {
    for (const path of [
      '//dashboard',
      '/Dashboard',
      '/%64ashboard',
      '/./dashboard',
      '/v1/../dashboard',
      '/dashboard;x',
      '/api/v2/requests',
    ]) {
      const { text } = await ask(locked, path);
      expect(text, path).to.equal('upstream'); // the proxy has a lock of its own
    }
    for (const path of [
      '/dashboard/',
      '/dashboard/../api/usage',
      '/dashboard/%2e%2e/assets/page.js',
      '/api/v1/requests/..%2f..',
    ]) {
      expect((await ask(locked, path)).status, path).to.equal(401);
    }
  });

  it('everything that is not ours goes to the proxy, Ollama’s API too', async () => {
    for (const path of [
      '/v1/chat/completions',
      '/api/chat',
      '/api/tags',
      '/anthropic/v1/messages',
      '/api',
      '/healthy',
    ]) {
      expect((await ask(locked, path, {}, 'POST')).text).to.equal('upstream');
    }
    expect(test.proxied).to.have.length(6);
    expect((await ask(locked, '/', {}, 'HEAD')).status).to.equal(200);
    expect((await ask(locked, '/', { accept: 'text/html' })).headers.location).to.equal('/dashboard');
  });

  it('listed origins may read the API with a key of their own, never with cookies', async () => {
    const headers = { origin: 'https://chat.example', 'access-control-request-method': 'GET' };
    const preflight = await ask(locked, '/api/usage', headers, 'OPTIONS');
    expect(preflight.status).to.equal(204);
    expect(preflight.headers['access-control-allow-origin']).to.equal('https://chat.example');
    expect(preflight.headers).to.not.have.property('access-control-allow-credentials');
    const foreign = await ask(locked, '/api/usage', { ...headers, origin: 'https://evil.example' }, 'OPTIONS');
    expect(foreign.headers).to.not.have.property('access-control-allow-origin');
    expect((await ask(locked, '/dashboard', { ...BEARER, ...headers })).headers).to.not.have.property(
      'access-control-allow-origin',
    );
  });

  it('no path reaches a file outside the assets', async () => {
    for (const path of [
      '/assets/../package.json',
      '/assets/..%2f..%2fpackage.json',
      '/assets/%2e%2e/layout.hbs',
      '/assets/',
      '/assets/page.js%00',
    ]) {
      expect((await ask(open, path)).status, path).to.equal(404);
    }
    const css = await ask(locked, '/assets/style.css');
    expect(css.status).to.equal(200);
    expect((await ask(locked, '/assets/style.css', { 'if-none-match': css.headers.etag! })).status).to.equal(304);
  });
});

describe('The login', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen({ locked: true });
  });
  afterEach(() => test.close());

  it('sends browsers to the form and back to where they wanted to go', async () => {
    const sent = await ask(url, '/dashboard/requests?agent=a%26b', { accept: 'text/html' });
    expect(sent.status).to.equal(302);
    expect(sent.headers.location).to.equal('/login?next=%2Fdashboard%2Frequests%3Fagent%3Da%2526b');
    const htmx = await ask(url, '/dashboard', { 'hx-request': 'true', accept: 'text/html' });
    expect([htmx.status, htmx.headers['hx-redirect']]).to.eql([401, '/login']);
    const back = await login(url, KEY, '/dashboard/requests?agent=x');
    expect([back.status, back.headers.location]).to.eql([303, '/dashboard/requests?agent=x']);
  });

  it('shows an error for a wrong key, tells no version, and gives no session', async () => {
    const answer = await login(url, 'wrong');
    expect(answer.status).to.equal(401);
    expect(answer.text).to.include('That key is not valid here').and.not.include('wrong').and.not.include('9.8.7');
    expect(answer.cookie).to.equal('');
  });

  it('makes a new session of 128 bits each time, readable by no script', async () => {
    const [one, other] = [await login(url), await login(url)];
    expect(one.cookie)
      .to.match(/=[\w-]{22}$/)
      .and.not.equal(other.cookie);
    const set = [one.headers['set-cookie']].flat().find((cookie) => cookie!.startsWith('token_spy_session'));
    expect(set).to.include('HttpOnly').and.include('SameSite=Strict').and.include('Path=/').and.not.include('Secure');
  });

  it('ends on the server at logout, which needs the token of our form', async () => {
    const { cookie } = await login(url);
    const page = await ask(url, '/dashboard', { cookie });
    expect((await ask(url, '/logout', { ...FORM, cookie, origin: url }, 'POST', 'token=nonsense')).status).to.equal(
      403,
    );
    expect((await ask(url, '/logout', { cookie })).status).to.equal(404);
    expect((await ask(url, '/dashboard', { cookie })).status).to.equal(200);
    const out = await ask(url, '/logout', { ...FORM, cookie, origin: url }, 'POST', `token=${tokenIn(page)}`);
    expect(out.status).to.equal(303);
    expect((await ask(url, '/dashboard', { cookie })).status).to.equal(401);
  });

  it('ends when its key is taken away', async () => {
    const { cookie } = await login(url);
    test.house.principal = () => null;
    expect((await ask(url, '/api/usage', { cookie })).status).to.equal(401);
  });

  it('refuses a form that it did not give out', async () => {
    const body = new URLSearchParams({ key: KEY, token: 'abc', next: '/dashboard' }).toString();
    expect((await ask(url, '/login', FORM, 'POST', body)).status).to.equal(403);
    expect((await ask(url, '/login', { ...FORM, cookie: 'token_spy_login=x' }, 'POST', body)).status).to.equal(403);
  });

  for (const next of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil',
    '',
  ]) {
    it(`stays here whatever ${JSON.stringify(next)} says`, async () => {
      expect((await login(url, KEY, next)).headers.location).to.equal('/dashboard');
    });
  }

  it('stops guessing after ten wrong keys and leaves traffic and logins alone', async () => {
    const { cookie } = await login(url);
    const statuses: number[] = [];
    for (let i = 0; i < 40; i += 1) statuses.push((await ask(url, '/api/usage', { 'x-api-key': `guess-${i}` })).status);
    expect(statuses.filter((status) => status === 401)).to.have.length(10);
    expect(statuses.at(-1)).to.equal(429);
    const form = await login(url);
    expect(form.status).to.equal(429);
    expect(form.text).to.include('Too many wrong keys');
    expect((await ask(url, '/dashboard', { cookie })).status).to.equal(200);
    expect((await ask(url, '/v1/models', { 'x-api-key': 'guess' })).text).to.equal('upstream');
  });
});

describe('Routes of plugins', () => {
  let test: TestHouse;

  beforeEach(async () => {
    const router = new Router();
    router.get('/v1/usage', (ctx) => {
      ctx.body = { from: 'a plugin' };
    });
    router.post('/api/v1/things/:id', (ctx) => {
      ctx.body = { id: ctx.params.id };
    });
    test = await openHouse({ routes: () => router, ownPaths: () => new Set(['/v1/usage']) });
  });
  afterEach(() => test.close());

  it('stand behind the same lock and the same guard', async () => {
    const locked = await test.listen({ locked: true });
    for (const [path, method] of [
      ['/v1/usage', 'GET'],
      ['/api/v1/things/7', 'POST'],
    ] as const) {
      expect((await ask(locked, path, {}, method)).status).to.equal(401);
      expect((await ask(locked, path, BEARER, method)).status).to.equal(200);
      expect((await ask(locked, path, { ...BEARER, host: 'evil.example' }, method)).status).to.equal(421);
    }
    const open = await test.listen();
    expect((await ask(open, '/api/v1/things/7', {}, 'POST')).text).to.equal('{"id":"7"}');
    expect((await ask(open, '/api/v1/things/7', { origin: 'https://evil.example' }, 'POST')).status).to.equal(403);
    expect((await ask(open, '/v1/usages')).text).to.equal('upstream');
  });
});
