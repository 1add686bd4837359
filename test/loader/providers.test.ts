import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { layProviders, loadCatalogue, resolveProviders } from '../../src/loader/providers.ts';
import { good, known } from '../config/known.ts';

describe('the catalogue', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'providers-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const load = (env: Record<string, string> = {}) => loadCatalogue(folder, known.adapters, env);
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  const failure = () =>
    load().then(
      () => '',
      (error: Error) => error.message.replaceAll(folder.split('/').at(-1)!, 'providers'),
    );

  it('takes the name of each file for the name of a provider', async () => {
    await write('beta.yaml', 'base_url: https://beta.example\ntimeouts: { idle: 5s }\n');
    await write('alpha.yml', 'base_url: https://alpha.example\napi_key: ${ALPHA:-}\n');
    await write('notes.txt', 'x');
    await write('.hidden.yaml', 'x');
    const catalogue = await load({ ALPHA: 'secret' });
    expect([...catalogue]).to.eql([
      ['alpha', { base_url: 'https://alpha.example', api_key: 'secret' }],
      ['beta', { base_url: 'https://beta.example', timeouts: { idle: 5000 } }],
    ]);
  });

  it('is refused with the file and the line that is wrong', async () => {
    await write('a.yaml', 'base_url: https://a.example\nadaptor: openai_chat\n');
    await write('b.yaml', 'summary: B.\n');
    await write('c.yaml', 'base_url: [\n');
    await write('d.yaml', 'base_url: https://d.example\nmodels:\n  x: { input: 0.000001 }\ntimeouts: { idle: 5 }\n');
    await write('e.yaml', 'base_url: https://e.example/?a=b\ntimeouts: { idle: 5 seconds }\n');
    expect((await failure()).split('\n')).to.eql([
      'providers/a.yaml:2:1 adaptor is not known; did you mean adapter?',
      'providers/b.yaml:1:1 has no base_url; add it (only providers of the catalogue may leave it out)',
      'providers/c.yaml:2:1 is indented wrongly here, or misses a closing ] or } above; align it with its neighbours, with spaces',
      'providers/d.yaml:3:6 models.x input is 0.000001 US dollars per million tokens, below 0.0001: this looks like a price per token; multiply it by 1,000,000',
      'providers/e.yaml:1:11 base_url has a query; write it like https://api.example.org/v1',
      'providers/e.yaml:2:19 timeouts.idle must be a time such as 250ms, 10s, 5m or 1h',
    ]);
  });

  it('names a file that cannot be read', async () => {
    await symlink('nowhere', join(folder, 'a.yaml'));
    expect(await failure()).to.equal('providers/a.yaml: cannot be read (ENOENT)');
  });

  it('may be missing', async () => {
    expect((await loadCatalogue(join(folder, 'nowhere'), [], {})).size).to.equal(0);
  });

  it('that we ship is good', async () => {
    const providers = new URL('../../providers', import.meta.url).pathname;
    const files = (await readdir(join(providers, 'adapters'))).filter((file) => /^[^_.].*\.ts$/.test(file));
    const adapters = files.map((file) => file.replace(/\.ts$/, '').replaceAll('-', '_'));
    const catalogue = await loadCatalogue(providers, adapters, {});
    expect([...catalogue.keys()]).to.include.members(['anthropic', 'openai']);
  });
});

describe('providers', () => {
  const catalogue = new Map([
    [
      'one',
      {
        base_url: 'https://one.example/v1/',
        adapter: 'anthropic_messages',
        auth: { header: 'X-Api-Key' },
        models: { a: { input: 1 } },
        headers: { 'X-A': '1' },
      },
    ],
    ['two', { base_url: 'https://two.example' }],
  ]);
  const resolve = (yaml: string) => resolveProviders(good(yaml).config, catalogue, '/etc/spy');

  it('of gateway.yaml come first, in its order, then the rest of the catalogue', () => {
    const text = 'providers:\n  mine: { base_url: "http://localhost:1" }\n  two: { base_url: "http://localhost:2" }\n';
    expect([...resolve(text).keys()]).to.eql(['mine', 'two', 'one']);
  });

  it('are laid over the catalogue member by member', () => {
    const { config } = good(
      'providers:\n  openai: { models: { b: { input: 2 } }, headers: { x-b: "2" }, auth: { prefix: "Key " } }\n',
    );
    const laid = layProviders(config, new Map([['openai', catalogue.get('one')!]])).get('openai');
    expect(laid).to.eql({
      base_url: 'https://one.example/v1/',
      adapter: 'anthropic_messages',
      auth: { header: 'X-Api-Key', prefix: 'Key ' },
      models: { a: { input: 1 }, b: { input: 2 } },
      headers: { 'X-A': '1', 'x-b': '2' },
    });
    const list = good('providers: { openai: { models: [c] } }').config;
    expect(layProviders(list, new Map([['openai', catalogue.get('one')!]])).get('openai')!.models).to.eql(['c']);
  });

  it('come out resolved and frozen', () => {
    const one = resolve('limits: { idle: 7s }').get('one')!;
    expect(one).to.eql({
      name: 'one',
      adapters: ['anthropic_messages'],
      baseUrl: 'https://one.example/v1',
      keys: [],
      auth: { header: 'x-api-key', prefix: '' },
      signing: null,
      headers: { 'x-a': '1' },
      models: ['a'],
      free: false,
      streamUsage: 'ask',
      onDisconnect: 'cancel',
      timeouts: {
        connect: 10_000,
        responseHeaders: 600_000,
        firstToken: 300_000,
        idle: 7000,
        total: 1_800_000,
        keepalive: 0,
      },
      caFile: null,
    });
    expect(Object.isFrozen(one) && Object.isFrozen(one.timeouts) && Object.isFrozen(one.models)).to.equal(true);
  });

  it('of the user need a base URL only', () => {
    const text =
      'on_disconnect: drain\nproviders:\n  mine: { base_url: "http://localhost:1/", api_key: "", ca_file: ca.pem, timeouts: { idle: 1s } }\n';
    const mine = resolve(text).get('mine')!;
    expect(mine).to.deep.include({
      adapters: ['openai_chat'],
      baseUrl: 'http://localhost:1',
      keys: [],
      auth: { header: 'authorization', prefix: 'Bearer ' },
      onDisconnect: 'drain',
      caFile: '/etc/spy/ca.pem',
    });
    expect(mine.timeouts).to.include({ idle: 1000, total: 1_800_000 });
  });

  it('sign for AWS where both keys are there, laid over each other or not', () => {
    const below = new Map([
      [
        'aws',
        {
          base_url: 'https://aws.example',
          auth: { type: 'aws_sigv4' as const, region: 'us-east-1', access_key_id: '', secret_access_key: '' },
        },
      ],
    ]);
    const signing = (auth: string) =>
      resolveProviders(
        good(`providers: { aws: { auth: { ${auth} } } }`, {}, { catalogue: below }).config,
        below,
        '/',
      ).get('aws')!.signing;
    expect(signing('region: eu-west-1')).to.equal(null);
    expect(signing('access_key_id: AKIA')).to.equal(null);
    expect(signing('type: key')).to.equal(null);
    const keys = 'access_key_id: AKIA, secret_access_key: secret';
    const signed = { region: 'us-east-1', service: 'bedrock', accessKeyId: 'AKIA', secretAccessKey: 'secret' };
    expect(signing(keys)).to.eql({ ...signed, sessionToken: null });
    expect(signing(`${keys}, session_token: ""`)).to.eql({ ...signed, sessionToken: null });
    expect(signing(`${keys}, session_token: s, service: sagemaker, region: eu-west-1`)).to.eql({
      ...signed,
      sessionToken: 's',
      service: 'sagemaker',
      region: 'eu-west-1',
    });
    expect(Object.isFrozen(signing(keys))).to.equal(true);
  });
});
