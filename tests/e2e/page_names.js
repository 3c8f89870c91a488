// What of a page has no name for those who hear it. Runs in the page; returns texts.
const seen = (e) => { const r = e.getBoundingClientRect(); const s = getComputedStyle(e);
  return r.width > 1 && r.height > 1 && s.visibility !== 'hidden' && s.display !== 'none'; };
const said = (e) => (e.labels && e.labels.length) || e.getAttribute('aria-label')
  || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.getAttribute('title');
const found = [];
for (const e of document.querySelectorAll('input, select, textarea, button, a[href], iframe'))
  if (e.type !== 'hidden' && seen(e) && !said(e)) found.push('nameless: ' + e.outerHTML.slice(0, 90));
for (const e of document.querySelectorAll('img'))
  if (!e.hasAttribute('alt')) found.push('img without alt');
for (const e of document.querySelectorAll('svg'))
  if (e.getAttribute('aria-hidden') !== 'true' && !e.getAttribute('aria-label'))
    found.push('silent chart: ' + e.outerHTML.slice(0, 60));
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push('twice: ' + id);
for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
  for (const name of ['aria-labelledby', 'aria-describedby'])
    for (const id of (e.getAttribute(name) || '').split(' ').filter(Boolean))
      if (!document.getElementById(id)) found.push('no such id: ' + id);
let level = 0;
for (const e of document.querySelectorAll('h1, h2, h3, h4')) {
  const own = Number(e.tagName[1]);
  if (own > level + 1) found.push('skips to ' + e.tagName + ': ' + e.textContent.slice(0, 40));
  level = own;
}
if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
if (!document.documentElement.lang || !document.querySelector('main')) found.push('no lang or main');
return found;
