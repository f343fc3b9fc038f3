// Numbers made of what the daemon counts, and numbers as people read them.
// Knows nothing of the page.

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
  return value < 10 ? `${value.toFixed(2)} s` : `${Math.round(value)} s`;
}

export function duration(value) {
  const whole = Math.floor(value);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h >= 48) {
    return `${Math.floor(h / 24)} d ${h % 24} h`;
  }
  return h ? `${h} h ${m} m` : m ? `${m} min` : `${s} s`;
}

export function position(value) {
  const whole = Math.floor(value);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function bytes(value) {
  const mib = value / 2 ** 20;
  return mib < 1024 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

export function percent(share) {
  return `${Math.round(100 * share)} %`;
}
