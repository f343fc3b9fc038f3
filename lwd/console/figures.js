// Numbers made of what the daemon counts, and numbers as people read them.
// Units stay on the line of their number. Knows nothing of the page.

// The quantile of what was observed between two readings of a histogram, each a list of
// [bound, observations up to it], in seconds; null where nothing was. Within a bucket the
// observations are taken to lie evenly.
export function quantile(share, now, before = []) {
  const earlier = new Map(before);
  const counts = now.map(([bound, count]) => [
    Number(bound.replace("+Inf", "Infinity")),
    count - (earlier.get(bound) ?? 0),
  ]);
  const total = counts.length ? counts[counts.length - 1][1] : 0;
  if (total <= 0) {
    return null;
  }
  let [low, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= share * total) {
      const part = (share * total - below) / (count - below);
      return bound === Infinity ? low : low + (bound - low) * part;
    }
    [low, below] = [bound, count];
  }
  return low;
}

export function seconds(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  return value < 10 ? `${value.toFixed(2)}\u00a0s` : `${Math.round(value)}\u00a0s`;
}

export function duration(value) {
  const whole = Math.floor(value);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h >= 48) {
    return `${Math.floor(h / 24)}\u00a0d ${h % 24}\u00a0h`;
  }
  return h ? `${h}\u00a0h ${m}\u00a0m` : m ? `${m}\u00a0min` : `${s}\u00a0s`;
}

export function position(value) {
  const whole = Math.floor(value);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function bytes(value) {
  const mib = value / 2 ** 20;
  return mib < 1024 ? `${Math.round(mib)}\u00a0MiB` : `${(mib / 1024).toFixed(1)}\u00a0GiB`;
}

export function percent(share) {
  return `${Math.round(100 * share)}\u00a0%`;
}
