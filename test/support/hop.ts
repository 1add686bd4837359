/** What stands between client and gateway and cuts connections that are silent: a load balancer. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Hop {
  url: string;
  /** Connections that it has cut. */
  readonly cut: number;
  close(): Promise<void>;
}

/** Passes bytes on to a port; where none pass either way for `idle` milliseconds, both ends are cut. */
export async function startHop(port: number, idle: number): Promise<Hop> {
  const sockets = new Set<Socket>();
  let cut = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    near.setTimeout(idle, () => {
      cut += 1;
      near.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    get cut() {
      return cut;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
