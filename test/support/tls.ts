/** A certificate that nobody trusts, for 127.0.0.1. Made for tests; its key protects nothing. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnlPbzS6Aa0rfRfRr
kxeucdNP9NLfXU9YLXk69BaaHjGhRANCAASqiif6k7ORscKc2mZinTPHYZrw6P2U
qY1VCBmmiWyUKFpao8HcNXI6VVuHi57t22IyVmwddQTHKYa4ZmmAols4
-----END PRIVATE KEY-----`;

export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBhjCCASygAwIBAgIUS5e+fxpMYHoX4XNTizGG8AFOy0gwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjAyMTU4MDFaGA8yMTI2MTAyNzIxNTgw
MVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKqK
J/qTs5GxwpzaZmKdM8dhmvDo/ZSpjVUIGaaJbJQoWlqjwdw1cjpVW4eLnu3bYjJW
bB11BMcphrhmaYCiWzijZDBiMB0GA1UdDgQWBBQKG0uww6zhDwEoebu0gFJCSCTq
azAfBgNVHSMEGDAWgBQKG0uww6zhDwEoebu0gFJCSCTqazAPBgNVHRMBAf8EBTAD
AQH/MA8GA1UdEQQIMAaHBH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhALYegWLdBMV0
h7uB+IoX01Lqu2SWA50ixO/XZYw7fbDLAiAaD5GyGmSBii3sInWbysE4lJbKoOq/
3zUguxt/0bdwCQ==
-----END CERTIFICATE-----`;

export interface TlsUpstream {
  url: string;
  /** Requests that came through: none may, from who does not trust the certificate. */
  readonly requests: number;
  close(): Promise<void>;
}

/** Starts an upstream behind TLS that answers 200 and `{}`. */
export async function startTlsUpstream(): Promise<TlsUpstream> {
  let requests = 0;
  const server = createServer({ key: KEY, cert: CERTIFICATE }, (_req, res) => {
    requests += 1;
    res.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
