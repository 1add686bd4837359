/** What happens in the gateway, told by name: to plugins, open dashboards and event feeds. */
import { EventEmitter } from 'node:events';

export type EventListener = (event: string, data: unknown) => void;

export class Events {
  readonly #emitter = new EventEmitter();

  constructor() {
    this.#emitter.setMaxListeners(0); // one for each open page
  }

  readonly publish = (event: string, data: unknown): void => {
    this.#emitter.emit('event', event, data);
  };

  /** Returns how to stop. A listener is called within `publish`; it must not throw. */
  readonly subscribe = (listener: EventListener): (() => void) => {
    this.#emitter.on('event', listener);
    return () => void this.#emitter.off('event', listener);
  };
}
