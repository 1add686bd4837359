import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Config, Listen } from './config/schema.ts';
import type { ListenerFacts } from './pipeline/asked.ts';
import { openListener } from './proxy/listener.ts';
import type { Resources } from './resources.ts';

/** A port and what it means in the running configuration. */
export interface Port extends ListenerFacts {
  readonly url: string;
  readonly up: boolean;
  /** Serves the API and the dashboard, not only the proxy. */
  readonly dashboard: boolean;
}

type Handle = (req: IncomingMessage, res: ServerResponse, port: Port) => void;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** True when a listener asks its callers for a key: by default, wherever strangers can reach it. */
export const isLocked = ({ auth, host }: Listen): boolean =>
  auth === 'key' || (auth === undefined && !isLoopback(host));
/** True when somebody must show a key there: to the proxy, or to a dashboard that strangers can reach. */
export const isGuarded = (listen: Listen): boolean => isLocked(listen) || !isLoopback(listen.host);

/**
 * The open ports. A port that two configurations share stays open between them: the
 * meaning of a connection is looked up when a request comes, not when the port opens.
 */
export class Ports {
  readonly #resources: Resources;
  readonly #handle: Handle;
  readonly #servers = new Map<string, Server>();
  /** Ports given up, with answers still open. */
  readonly #leaving = new Set<Server>();
  #ports = new Map<string, Port>();

  constructor(resources: Resources, handle: Handle) {
    this.#resources = resources;
    this.#handle = handle;
  }

  /** Opens what is not open yet and returns the keys that are held. Throws, holding nothing new, when a port cannot be had. */
  async open(config: Config): Promise<string[]> {
    const held: string[] = [];
    try {
      for (const listen of config.listen) {
        const key = keyOf(listen);
        await this.#resources.hold(
          key,
          () => this.#listen(listen, config),
          (server: Server) => this.#close(key, server),
        );
        held.push(key);
      }
      return held;
    } catch (error) {
      for (const key of held) await this.#resources.release(key);
      throw error;
    }
  }

  /** Gives the open ports their meaning in a configuration. */
  apply(config: Config): void {
    this.#ports = new Map(config.listen.map((listen) => [keyOf(listen), this.#port(listen)]));
    for (const server of this.#servers.values()) {
      server.headersTimeout = config.limits.client_headers;
      server.requestTimeout = config.limits.client_body;
    }
  }

  get all(): readonly Port[] {
    return [...this.#ports.values()];
  }

  /** Takes nothing new; connections that are idle end. */
  stopListening(): void {
    for (const server of this.#servers.values()) {
      server.close();
      server.closeIdleConnections();
    }
  }

  closeIdle(): void {
    for (const server of this.#open()) server.closeIdleConnections();
  }

  /** Cuts what is still open. */
  cut(): void {
    for (const server of this.#open()) server.closeAllConnections();
  }

  #open(): Server[] {
    return [...this.#servers.values(), ...this.#leaving];
  }

  async #listen(listen: Listen, config: Config): Promise<Server> {
    const { limits } = config;
    const key = keyOf(listen);
    const sizes = { headers: limits.headers, clientHeaders: limits.client_headers, clientBody: limits.client_body };
    const server = await openListener(listen.host, listen.port, sizes, (req, res) => {
      const port = this.#ports.get(key);
      if (port) this.#handle(req, res, port);
      else res.writeHead(503, { connection: 'close' }).end();
    }).catch((error: NodeJS.ErrnoException) => {
      throw portError(listen, error);
    });
    this.#servers.set(key, server);
    return server;
  }

  #close(key: string, server: Server): void {
    this.#servers.delete(key);
    this.#leaving.add(server);
    server.close(() => this.#leaving.delete(server));
    server.closeIdleConnections();
  }

  #port(listen: Listen): Port {
    const { host, name, agent, provider, dashboard } = listen;
    const server = this.#servers.get(keyOf(listen));
    const port = (server?.address() as AddressInfo | null)?.port ?? listen.port;
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    return {
      // A port that the system chose is known by its number, not by the 0 that asked for it.
      name: name === `${host}:0` ? `${host}:${port}` : name,
      agent: agent ?? null,
      provider: provider ?? null,
      locked: isLocked(listen),
      dashboard: dashboard ?? agent === undefined,
      url: `http://${shown}:${port}`,
      up: server?.listening ?? false,
    };
  }
}

const keyOf = ({ host, port, name }: Listen): string =>
  port === 0 ? `port ${host}:0 ${name}` : `port ${host}:${port}`;

function portError({ host, port }: Listen, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE')
    return new Error(`port ${port} on ${host} is in use; stop the other program or set another port under listen`);
  if (error.code === 'EACCES')
    return new Error(`port ${port} on ${host} may not be opened by this user; choose one above 1023`);
  return new Error(`cannot listen on ${host}:${port}: ${error.code ?? error.message}`);
}
