import { expect } from 'chai';
import { FigureBook } from '../src/figures.ts';

describe('figures', () => {
  const of = (value: number) => async () => [{ subject: null, value }];

  it('are read by name, and nobody offers what is not there', async () => {
    const book = new FigureBook();
    book.offer({}, 'open_tickets', 'Tickets that are open.', of(3));
    expect(await book.read('open_tickets')).to.eql([{ subject: null, value: 3 }]);
    expect(await book.read('closed_tickets')).to.equal(null);
    expect(book.names()).to.eql([{ name: 'open_tickets', help: 'Tickets that are open.' }]);
  });

  it('stay when the plugin is loaded anew, and go with its last instance', async () => {
    const book = new FigureBook();
    const [old, changed] = [{}, {}];
    book.offer(old, 'load', 'The load.', of(1));
    book.offer(changed, 'load', 'The load.', of(2));
    expect(await book.read('load')).to.eql([{ subject: null, value: 2 }]);
    book.release(old);
    expect(await book.read('load')).to.eql([{ subject: null, value: 2 }]);
    book.release(changed);
    expect([await book.read('load'), book.names()]).to.eql([null, []]);
  });

  it('go back to the instance that goes on, where the changed one was refused', async () => {
    const book = new FigureBook();
    const [old, refused] = [{}, {}];
    book.offer(old, 'load', 'The load.', of(1));
    book.offer(refused, 'load', 'The load.', of(2));
    book.release(refused);
    expect(await book.read('load')).to.eql([{ subject: null, value: 1 }]);
  });

  it('have names that every metric can have', () => {
    expect(() => new FigureBook().offer({}, 'Open tickets', 'x', of(1))).to.throw(
      /Open tickets is no name of a figure/,
    );
  });
});
