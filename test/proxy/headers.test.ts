import { expect } from 'chai';

import { downstreamHeaders, has, upstreamHeaders, without } from '../../src/proxy/headers.ts';
import { ASK, CHAT, usePair } from '../support/pair.ts';

const up = (...raw: string[]): string[] => upstreamHeaders(raw, new Set());
const down = (...raw: string[]): string[] => downstreamHeaders(raw.map((text) => Buffer.from(text, 'latin1'))).out;

describe('headers on their way up', () => {
  it('keep their order, spelling and repetition', () => {
    const raw = ['X-B', '1', 'anthropic-beta', 'a', 'Anthropic-Beta', 'b', 'x-a', '2', 'OpenAI-Organization', 'org'];
    expect(up(...raw)).to.deep.equal(raw);
  });

  for (const name of [
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Authorization',
    'Proxy-Connection',
    'Host',
    'Content-Length',
    'Expect',
    'Cookie',
    'Forwarded',
    'Via',
    'X-Real-IP',
    'Origin',
    'Referer',
    'X-Forwarded-For',
    'X-Token-Spy-Agent',
    'X-Tokencap-Project-Id',
    'X-OpenClaw-Tags',
    'Helicone-Auth',
    'X-Portkey-Metadata',
    'Sec-Fetch-Mode',
  ]) {
    it(`${name} stays here`, () => {
      expect(up(name, 'value', 'x-kept', '1')).to.deep.equal(['x-kept', '1']);
    });
  }

  it('what any connection header names stays here, in any case', () => {
    expect(
      up('X-Hop', '1', 'Connection', 'keep-alive, x-hop', 'x-two', '2', 'connection', 'X-TWO', 'x-kept', '3'),
    ).to.deep.equal(['x-kept', '3']);
  });

  it('encodings that nobody here can read are not offered', () => {
    expect(up('Accept-Encoding', 'gzip, compress, br;q=0.5, zstd')).to.deep.equal([
      'Accept-Encoding',
      'gzip, br;q=0.5, zstd',
    ]);
    expect(up('accept-encoding', 'gzip,deflate')).to.deep.equal(['accept-encoding', 'gzip,deflate']);
    expect(up('accept-encoding', 'compress')).to.deep.equal(['accept-encoding', 'identity']);
  });

  it('hidden ones stay here', () => {
    expect(upstreamHeaders(['X-Api-Key', 'k', 'a', 'b'], new Set(['x-api-key']))).to.deep.equal(['a', 'b']);
  });
});

describe('headers on their way down', () => {
  for (const name of [
    'Set-Cookie',
    'Server',
    'X-Powered-By',
    'Via',
    'Alt-Svc',
    'Strict-Transport-Security',
    'Location',
    'Access-Control-Allow-Origin',
    'Access-Control-Expose-Headers',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
  ]) {
    it(`${name} stays here`, () => {
      expect(down(name, 'value', 'X-Kept', '1')).to.deep.equal(['X-Kept', '1']);
    });
  }

  it('keep order and repetition, and letters beyond ASCII', () => {
    const raw = ['X-B', 'é', 'x-ratelimit-remaining-tokens', '1', 'x-b', '2'];
    expect(down(...raw)).to.deep.equal(raw);
    expect(downstreamHeaders(raw.map((text) => Buffer.from(text, 'latin1'))).all.get('x-b')).to.equal('é, 2');
  });

  it('lists are searched and cut by lower-case name', () => {
    expect(has(['X-A', '1'], 'x-a')).to.equal(true);
    expect(without(['X-A', '1', 'b', '2'], new Set(['x-a']))).to.deep.equal(['b', '2']);
  });
});

describe('headers through the sockets', () => {
  const pair = usePair();

  it('cross as they should, both ways', async () => {
    pair.up.next({
      headers: [
        ['Content-Type', 'application/json'],
        ['Set-Cookie', 'sid=1'],
        ['Server', 'nginx/1.0'],
        ['Access-Control-Allow-Origin', '*'],
        ['request-id', 'r-9'],
        ['x-hop', 'no'],
        ['Connection', 'keep-alive, x-hop'],
        ['anthropic-ratelimit-requests-remaining', '12'],
      ],
      chunks: ['{}'],
    });
    const headers: [string, string][] = [
      ['Content-Type', 'application/json'],
      ['Authorization', 'Bearer sk-provider-own'],
      ['Anthropic-Version', '2023-06-01'],
      ['anthropic-beta', 'a'],
      ['anthropic-beta', 'b'],
      ['Cookie', 'sid=2'],
      ['X-Forwarded-For', '1.2.3.4'],
      ['x-token-spy-agent', 'ci'],
      ['Connection', 'x-secret-hop'],
      ['x-secret-hop', 'no'],
    ];
    const body = JSON.stringify(ASK);
    const answer = await pair.send(CHAT, { headers: [...headers, ['Content-Length', String(body.length)]], body });
    const { rawHeaders } = pair.up.received[0]!;
    expect(rawHeaders.slice(4)).to.deep.equal([
      ...[
        'Content-Type',
        'application/json',
        'Authorization',
        'Bearer sk-provider-own',
        'Anthropic-Version',
        '2023-06-01',
      ],
      ...['anthropic-beta', 'a', 'anthropic-beta', 'b', 'content-length', String(body.length)],
    ]);
    expect(answer.rawHeaders.slice(0, 6)).to.deep.equal([
      ...['Content-Type', 'application/json', 'request-id', 'r-9', 'anthropic-ratelimit-requests-remaining', '12'],
    ]);
    for (const name of ['set-cookie', 'server', 'access-control-allow-origin', 'x-hop'])
      expect(answer.headers[name]).to.equal(undefined);
    expect((await pair.row()).agent).to.equal('ci');
  });
});
