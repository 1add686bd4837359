// A closer look at a chart: what a bar is made of, by pointer and by arrow keys.

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
// A focused chart scrolls into view a moment later: what is told of it goes along.
document.addEventListener('scroll', () => shown && place(), { passive: true });
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
  place();
}

function place() {
  const box = shown.getBoundingClientRect();
  const left = box.right + 10 + tip.offsetWidth > innerWidth - 8 ? box.left - 10 - tip.offsetWidth : box.right + 10;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, box.top + 12)}px`;
}

function hide() {
  shown?.classList.remove('shown');
  shown = null;
  tip.hidden = true;
}
