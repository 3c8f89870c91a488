// Texts with less contrast than WCAG 2.2 wants: 4.5, or 3 for large ones. Returns texts.
const colour = (text) => { const n = (text.match(/[\d.]+/g) || []).map(Number);
  return [n[0] || 0, n[1] || 0, n[2] || 0, n.length > 3 ? n[3] : 1]; };
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
const ground = (e) => { const layers = [];
  for (; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor);
    if (c[3] > 0) { layers.push(c); if (c[3] === 1) break; } }
  let found = [255, 255, 255];
  for (const c of layers.reverse()) found = over(c, found);
  return found; };
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const e = node.parentElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
  if (!node.textContent.trim() || r.width < 2 || r.height < 2 || r.right < 0) continue;
  if (s.visibility === 'hidden' || s.opacity === '0' || e.closest('svg, option, .htmx-indicator, .visually-hidden')) continue;
  const behind = ground(e), front = over(colour(s.color), behind);
  const [a, b] = [light(front), light(behind)].sort((x, y) => y - x);
  const large = parseFloat(s.fontSize) >= 24 || (parseFloat(s.fontSize) >= 18.6 && s.fontWeight >= 700);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < (large ? 3 : 4.5)) found.push(ratio.toFixed(2) + ': ' + node.textContent.trim().slice(0, 40));
}
return found;
