// Enlarges a picture when it is clicked, and reads values off it where the pointer stands.
'use strict';
(() => {
  const value = (axis, share) => {
    const [kind, low, high] = axis.split(' ');
    const [a, b] = [Number(low), Number(high)];
    return kind === 'log' ? a * Math.pow(b / a, share) : a + (b - a) * share;
  };
  const unit = axis => axis.split(' ').slice(3).join(' ');
  const text = v => v >= 1000 ? v.toFixed(0) : v >= 100 ? v.toFixed(1) : Number(v.toPrecision(3)).toString();
  for (const svg of document.querySelectorAll('svg[data-plot]')) {
    const [left, right, top, bottom] = svg.dataset.plot.split(' ').map(Number);
    const make = (name, kind) => {
      const e = document.createElementNS('http://www.w3.org/2000/svg', name);
      e.setAttribute('class', kind);
      e.setAttribute('visibility', 'hidden');
      return svg.appendChild(e);
    };
    const across = make('line', 'hair'), up = make('line', 'hair'), label = make('text', 'hair-text');
    const parts = [across, up, label];
    svg.addEventListener('pointermove', event => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const inside = at.x >= left && at.x <= right && at.y >= top && at.y <= bottom;
      for (const part of parts) part.setAttribute('visibility', inside ? 'visible' : 'hidden');
      if (!inside) return;
      const set = (e, attributes) => Object.entries(attributes).forEach(([k, v]) => e.setAttribute(k, v));
      set(across, { x1: left, x2: right, y1: at.y, y2: at.y });
      set(up, { x1: at.x, x2: at.x, y1: top, y2: bottom });
      const end = at.x > (left + right) / 2;
      set(label, { x: at.x + (end ? -6 : 6), y: Math.max(top + 12, at.y - 6), 'text-anchor': end ? 'end' : 'start' });
      const x = value(svg.dataset.x, (at.x - left) / (right - left));
      const y = value(svg.dataset.y, (bottom - at.y) / (bottom - top));
      label.textContent = `${text(x)} ${unit(svg.dataset.x)}, ${text(y)} ${unit(svg.dataset.y)}`;
    });
    svg.addEventListener('pointerleave', () => parts.forEach(p => p.setAttribute('visibility', 'hidden')));
  }
  for (const frame of document.querySelectorAll('figure .frame')) {
    frame.tabIndex = 0;
    frame.title = 'click to enlarge';
    const toggle = () => frame.classList.toggle('enlarged');
    frame.addEventListener('click', toggle);
    frame.addEventListener('keydown', e => {
      if (e.key === 'Enter') toggle();
      if (e.key === 'Escape') frame.classList.remove('enlarged');
    });
  }
})();
