// What a page cannot know without script: the reader's clock, his choice of colours, and what is new.

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

// Rows that come in while the page is open light up once.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.matches?.('#rows > tr[id]')) node.classList.add('arrived');
  }
}).observe(document.body, { childList: true, subtree: true });
