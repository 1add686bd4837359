// What a page cannot do without script: the reader's clock, his choice of colours, and a closer look at a chart.

const cookie = (name, value) => {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=strict`;
};
cookie('zone', Intl.DateTimeFormat().resolvedOptions().timeZone);

const root = document.documentElement;
for (const button of document.querySelectorAll('[data-theme-switch]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    root.dataset.theme = (root.dataset.theme ?? system) === 'dark' ? 'light' : 'dark';
    cookie('theme', root.dataset.theme);
  });
}

const tip = document.createElement('div');
tip.className = 'tip';
tip.setAttribute('role', 'status');
tip.hidden = true;
document.body.append(tip);
let shown = null;

// Listening on the document: charts come and go with each refresh.
document.addEventListener('pointermove', (event) => {
  const slot = event.target.closest?.('[data-chart] .slots rect');
  if (slot) show(slot);
  else if (shown && !event.target.closest?.('[data-chart]')) hide();
});
document.addEventListener('focusout', hide);
document.addEventListener('scroll', hide, { passive: true });
document.addEventListener('keydown', (event) => {
  const slots = event.target.matches?.('[data-chart]') ? [...event.target.querySelectorAll('.slots rect')] : [];
  if (event.key === 'Escape') hide();
  const at = slots.indexOf(shown);
  const next = { ArrowRight: at + 1, ArrowLeft: at === -1 ? slots.length - 1 : at - 1, Home: 0, End: slots.length - 1 }[event.key];
  if (next === undefined || !slots[next]) return;
  event.preventDefault();
  show(slots[next]);
});

function show(slot) {
  if (slot === shown) return;
  hide();
  shown = slot;
  slot.classList.add('shown');
  // The browser's own tooltip says the same, later and plainer; it is for pages without script.
  const title = slot.querySelector('title');
  if (title) {
    slot.dataset.lines = title.textContent;
    title.remove();
  }
  const lines = slot.dataset.lines.split('\n').map((line) => line.split('\t'));
  tip.replaceChildren(...lines.map(([name, value]) => {
    const row = document.createElement('p');
    const amount = document.createElement('b');
    amount.textContent = value;
    row.append(name, amount);
    return row;
  }));
  tip.hidden = false;
  const box = slot.getBoundingClientRect();
  const left = box.right + 10 + tip.offsetWidth > innerWidth - 8 ? box.left - 10 - tip.offsetWidth : box.right + 10;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, box.top + 12)}px`;
}

// Rows that come in while the page is open light up once.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.matches?.('#rows > tr[id]')) node.classList.add('arrived');
  }
}).observe(document.body, { childList: true, subtree: true });

function hide() {
  shown?.classList.remove('shown');
  shown = null;
  tip.hidden = true;
}
