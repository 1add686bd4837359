import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { type Mailbox, sendMail } from '../../../plugins/channels/email.ts';
import type { Parcel } from '../../../plugins/channels/parcel.ts';
import { until } from '../../support/until.ts';

const parcel: Parcel = {
  id: '5b1f0e7c9a2d4f6e8b3c1a0d7e9f2b4c',
  notice: {
    id: 'alert:1',
    event: 'alert',
    severity: 'warning',
    resolves: false,
    key: 'alert',
    title: 'Cost of "web" <b>\r\nBcc: evil@example.com',
    text: 'It is above 5 dollars.\n.\nQUIT',
    at: '2027-01-31T12:00:00.000Z',
    data: { above: '5', file: { path: '/etc/passwd' } },
    notify: [],
    tenant: null,
  },
  at: Date.parse('2027-01-31T12:00:00.000Z'),
  dashboard: null,
};
const OPEN = { allowPrivate: true, timeout: 3000 };

interface Mail {
  from: string;
  to: string[];
  user: string | null;
  source: string;
}

describe('mail of a channel', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  async function smtp(
    options: SMTPServerOptions = {},
  ): Promise<{ port: number; mails: Mail[]; connections: () => number }> {
    const mails: Mail[] = [];
    let connections = 0;
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      logger: false,
      onConnect: (_session, callback) => {
        connections++;
        callback();
      },
      onAuth: ({ username, password }, _session, callback) =>
        password === 'p@ss word' ? callback(null, { user: username }) : callback(new Error(`no ${password}`)),
      onData(stream, { envelope, user }, callback) {
        let source = '';
        stream.on('data', (chunk) => {
          source += chunk;
        });
        stream.on('end', () => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), user: user ?? null, source });
          callback();
        });
      },
      ...options,
    });
    server.on('error', () => {});
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    ends.push(() => server.close());
    return { port: (server.server.address() as AddressInfo).port, mails, connections: () => connections };
  }

  const box = (port: number, user = ''): Mailbox => ({
    smtp: new URL(`smtp://${user}127.0.0.1:${port}`),
    from: 'Token Spy <spy@example.com>',
    to: ['ops@example.com', 'Night <night@example.com>'],
  });

  it('arrives as text and HTML, with what programs know it by', async () => {
    const { port, mails } = await smtp();
    expect(await sendMail(parcel, box(port, 'spy:p%40ss%20word@'), OPEN)).to.eql({ sent: true, status: 250 });
    const [mail] = mails as [Mail];
    expect(mail).to.deep.include({
      from: 'spy@example.com',
      to: ['ops@example.com', 'night@example.com'],
      user: 'spy',
    });
    for (const header of [
      'From: Token Spy <spy@example.com>',
      `Message-ID: <${parcel.id}@example.com>`,
      'Auto-Submitted: auto-generated',
      'X-Token-Spy-Event: alert',
      'X-Token-Spy-Severity: warning',
      `Idempotency-Key: ${parcel.id}`,
      'Content-Type: text/plain',
      'Content-Type: text/html',
      'Warning: Cost of &quot;web&quot; &lt;b&gt;',
      'It is above 5 dollars.',
    ])
      expect(mail.source).to.include(header);
    expect(mail.source, 'a name is no header').to.not.match(/^Bcc:/im);
    expect(mail.source).to.not.include('root:');
  });

  it('is sent again under the same id', async () => {
    const { port, mails } = await smtp();
    for (let n = 0; n < 2; n++) await sendMail(parcel, box(port), OPEN);
    const ids = mails.map(({ source }) => /^Message-ID: (.*)$/im.exec(source)?.[1]);
    expect(ids[0]).to.be.a('string').and.equal(ids[1]);
  });

  it('goes nowhere where the password is wrong, and says nothing of it', async () => {
    const { port, mails } = await smtp();
    const outcome = await sendMail(parcel, box(port, 'spy:wrong-password@'), OPEN);
    expect(outcome).to.eql({
      sent: false,
      status: 535,
      error: 'it answered 535; it does not take the user and password (EAUTH)',
      again: false,
      after: null,
    });
    expect(mails).to.eql([]);
  });

  it('comes again after a refusal for now, and not after one for good', async () => {
    for (const [code, again] of [
      [451, true],
      [550, false],
    ] as const) {
      const { port } = await smtp({
        onRcptTo: (_address, _session, callback) =>
          callback(Object.assign(new Error('not ops@example.com'), { responseCode: code })),
      });
      const outcome = await sendMail(parcel, box(port), OPEN);
      expect(outcome).to.include({ sent: false, status: code, again });
      expect((outcome as { error: string }).error).to.not.include('example.com');
    }
  });

  it('goes over no line that others read, unless the server is one’s own', async () => {
    const { port, mails, connections } = await smtp();
    // As if the name led to a public address: the connection itself is the test's.
    const lookup = ((_name: string, _options: object, callback: (error: null, list: object[]) => void) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }])) as never;
    const far = { ...box(port), smtp: new URL(`smtp://mail.example:${port}`) };
    const outcome = await sendMail(parcel, far, { allowPrivate: false, timeout: 3000, lookup });
    expect(outcome).to.include({ sent: false, error: 'it answered 500; it offers no TLS (ETLS)' });
    expect([connections(), mails.length]).to.eql([1, 0]);
  });

  it('trusts no certificate that nobody has signed', async () => {
    const { port, mails } = await smtp({ disabledCommands: [] });
    const outcome = await sendMail(parcel, box(port), OPEN);
    expect(outcome).to.include({ sent: false, status: null });
    expect(mails).to.eql([]);
  });

  it('never connects to a private address by itself', async () => {
    const { port, connections } = await smtp();
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]']) {
      const outcome = await sendMail(
        parcel,
        { ...box(port), smtp: new URL(`smtp://${host}:${port}`) },
        { allowPrivate: false, timeout: 3000 },
      );
      expect(outcome, host).to.include({ error: 'its address is private, and allow_private is not set', again: false });
    }
    expect(connections()).to.equal(0);
  });

  it('is given up in time when the server hangs, wherever it does, and lets go of it', async () => {
    for (const greeting of ['', '220 here\r\n']) {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket)).on('error', () => {});
        socket.write(greeting);
        socket.resume();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      ends.push(() => server.close());
      const begun = performance.now();
      const outcome = await sendMail(parcel, box((server.address() as AddressInfo).port), { ...OPEN, timeout: 120 });
      expect(outcome).to.include({ sent: false, error: 'it did not answer in 0.12 s', again: true });
      expect(performance.now() - begun).to.be.within(100, 1500);
      await until('the connection is closed', () => sockets.size === 0);
    }
  });

  it('says that nobody listens', async () => {
    const { port } = await smtp();
    for (const end of ends.splice(0)) end();
    await until('the server is closed', async () => {
      const outcome = await sendMail(parcel, box(port), OPEN);
      return !outcome.sent && outcome.error === 'nobody listens there (ECONNREFUSED)';
    });
  });
});
