// The command line of the harness.
import { readFileSync } from 'node:fs';
import { NAMES as SCENARIOS } from './scenarios.mjs';

export const TARGETS = ['direct', 'nginx', 'portkey', 'off', 'accounting', 'sessions', 'redaction', 'everything'];

const USAGE = new URL('./README.md', import.meta.url);

/** Reads the arguments; explains and ends the process when they make no sense. */
export function readOptions(args) {
  const options = {
    with: TARGETS,
    scenarios: SCENARIOS,
    rounds: 3,
    seconds: 3,
    rate: 250,
    mockPort: 9100,
    gatewayCore: '1',
    loadCore: '0',
    json: null,
    mockOnly: false,
  };
  const rest = [...args];
  const value = (name) => rest.shift() ?? refuse(`${name} needs a value`);
  while (rest.length > 0) {
    const name = rest.shift();
    if (name === '--quick') Object.assign(options, { rounds: 1, seconds: 2 });
    else if (name === '--rounds') options.rounds = whole(name, value(name));
    else if (name === '--seconds') options.seconds = whole(name, value(name));
    else if (name === '--rate') options.rate = whole(name, value(name));
    else if (name === '--mock-port') options.mockPort = whole(name, value(name));
    else if (name === '--with') options.with = some(name, value(name), TARGETS);
    else if (name === '--scenarios') options.scenarios = some(name, value(name), SCENARIOS);
    else if (name === '--cores') [options.gatewayCore, options.loadCore = '0'] = value(name).split(',');
    else if (name === '--json') options.json = value(name);
    else if (name === '--mock-only') options.mockOnly = true;
    else if (name === '--help') help();
    else refuse(`unknown option ${name}; --help lists them`);
  }
  return options;
}

const whole = (name, text) => (/^[1-9]\d*$/.test(text) ? Number(text) : refuse(`${name} ${text}: not a whole number`));

function some(name, text, known) {
  const chosen = text.split(',').filter(Boolean);
  const stranger = chosen.find((one) => !known.includes(one));
  if (stranger || chosen.length === 0) refuse(`${name} ${text}: choose from ${known.join(',')}`);
  return known.filter((one) => chosen.includes(one));
}

function help() {
  console.log(readFileSync(USAGE, 'utf8'));
  process.exit(0);
}

function refuse(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
