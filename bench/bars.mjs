// The bars of the hot path: what must hold, and what we want. All on one core.

const BARS = [
  {
    what: 'CPU per JSON request of 1 KB, policies off',
    unit: 'x nginx',
    must: 4,
    goal: 2.5,
    read: ({ ratio }) => ratio('off', 'nginx', 'json1', 'cpu'),
  },
  {
    what: 'CPU per JSON request of 1 KB, accounting on',
    unit: 'x nginx',
    must: 6,
    goal: 3.2,
    read: ({ ratio }) => ratio('accounting', 'nginx', 'json1', 'cpu'),
  },
  {
    what: 'CPU per JSON request of 1 KB, accounting on',
    unit: 'x portkey',
    must: 1 / 8,
    goal: 1 / 16,
    read: ({ ratio }) => ratio('accounting', 'portkey', 'json1', 'cpu'),
  },
  {
    what: 'CPU per JSON request of 1 KB, everything on',
    unit: 'x nginx',
    must: 9,
    goal: 5,
    read: ({ ratio }) => ratio('everything', 'nginx', 'json1', 'cpu'),
  },
  {
    what: 'CPU per JSON request of 200 KB, accounting on',
    unit: 'x nginx',
    must: 6,
    goal: 4,
    read: ({ ratio }) => ratio('accounting', 'nginx', 'json200', 'cpu'),
  },
  {
    what: 'CPU per JSON request of 200 KB and 60 messages, sessions and prompts on',
    unit: 'x nginx',
    must: 6,
    goal: 4,
    read: ({ ratio }) => ratio('sessions', 'nginx', 'json200', 'cpu'),
  },
  {
    what: 'CPU per JSON request of 200 KB and 60 messages, accounting and redaction on',
    unit: 'x nginx',
    must: 6,
    goal: 4,
    read: ({ ratio }) => ratio('redaction', 'nginx', 'json200', 'cpu'),
  },
  {
    what: 'CPU per SSE event, accounting on',
    unit: 'x nginx',
    must: 2.5,
    goal: 1.8,
    read: ({ ratio }) => ratio('accounting', 'nginx', 'sse', 'cpuEvent'),
  },
  {
    what: 'p99 added to a 20 ms upstream, beyond nginx',
    unit: 'ms',
    must: 5,
    goal: 1,
    read: ({ value }) => value('accounting', 'lat', 'p99') - value('nginx', 'lat', 'p99'),
  },
  {
    what: 'CPU per stream with a last event of 1.5 MB, accounting on',
    unit: 'x nginx',
    must: 6,
    goal: 4,
    read: ({ ratio }) => ratio('accounting', 'nginx', 'big', 'cpu'),
  },
  {
    what: 'p99 added to a 20 ms upstream beside bodies of 20 MB',
    unit: 'ms',
    must: 50,
    goal: 10,
    read: ({ value }) => value('accounting', 'upload', 'addedP99'),
  },
  {
    what: 'event delay p99, 640 streams at once',
    unit: 'x nginx',
    must: 5,
    goal: 2,
    read: ({ ratio }) => ratio('accounting', 'nginx', 'sse640', 'evP99'),
  },
  {
    what: 'peak memory under all of it',
    unit: 'MB',
    must: 250,
    goal: 150,
    read: ({ value }) => value('accounting', '', 'peakMb'),
  },
  {
    what: 'memory per open stream',
    unit: 'KB',
    must: 60,
    goal: 25,
    read: ({ value }) => value('accounting', 'sse640', 'kbPerStream'),
  },
  {
    what: 'start to first answer',
    unit: 'ms',
    must: 1500,
    goal: 600,
    read: ({ value }) => value('accounting', '', 'startMs'),
  },
];

/** One row a bar: met, missed or not measured. */
export function judge(summary) {
  return BARS.map(({ what, unit, must, goal, read }) => {
    const figure = read(summary);
    const verdict = !Number.isFinite(figure) ? 'not measured' : figure <= must ? 'met' : 'missed';
    return { what, unit, must, goal, figure, verdict, reached: figure <= goal };
  });
}
