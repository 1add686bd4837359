import { expect } from 'chai';

import { Calibration } from '../../../plugins/prediction/calibration.ts';

describe('plugins/prediction/calibration', () => {
  const note = (
    calibration: Calibration,
    held: number,
    missed: number,
    model = 'm',
    reckoned: 'high' | 'medium' = 'high',
  ) => {
    for (let n = 0; n < missed; n++) calibration.note(model, reckoned, false);
    for (let n = 0; n < held; n++) calibration.note(model, reckoned, true);
  };

  it('tells the class as it was reckoned until 30 answers are known', () => {
    const calibration = new Calibration();
    note(calibration, 0, 29);
    expect(calibration.tell('m', 'high')).to.equal('high');
    note(calibration, 0, 1);
    expect(calibration.tell('m', 'high')).to.equal('low');
    expect(calibration.tell('other', 'high')).to.equal('high');
  });

  it('tells a class that did not hold as the one whose share it kept', () => {
    const kept = (held: number, missed: number, reckoned: 'high' | 'medium' = 'high') => {
      const calibration = new Calibration();
      note(calibration, held, missed, 'm', reckoned);
      return calibration.tell('m', reckoned);
    };
    expect([kept(27, 3), kept(26, 4), kept(90, 10), kept(89, 11)]).to.eql(['high', 'medium', 'high', 'medium']);
    expect([kept(75, 25), kept(74, 26)]).to.eql(['medium', 'low']);
    expect([kept(75, 25, 'medium'), kept(74, 26, 'medium')]).to.eql(['medium', 'low']);
  });

  it('tells it as before once the last 100 have held again', () => {
    const calibration = new Calibration();
    note(calibration, 0, 100);
    expect(calibration.tell('m', 'high')).to.equal('low');
    note(calibration, 89, 0);
    expect(calibration.tell('m', 'high')).to.equal('medium');
    note(calibration, 1, 0);
    expect(calibration.tell('m', 'high')).to.equal('high');
  });

  it('promises nothing of what is low, and remembers so many models', () => {
    const calibration = new Calibration(2);
    for (let n = 0; n < 50; n++) calibration.note('m', 'low', true);
    expect(calibration.tell('m', 'low')).to.equal('low');
    note(calibration, 0, 40, 'a');
    note(calibration, 0, 40, 'b');
    note(calibration, 0, 40, 'c');
    expect([calibration.tell('a', 'high'), calibration.tell('c', 'high')]).to.eql(['high', 'low']);
  });
});
