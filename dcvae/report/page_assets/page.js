// The program of the report. It reads the JSON that dcvae/report.py wrote into the page, and draws.
// Whatever a user named goes into the document as text (textContent), never as HTML; inside plots,
// where plotly would read some HTML, `plain` takes its marks away.
"use strict";

(() => {
  const DAY = 86_400_000;
  const BUCKETS = 2_000; // as many as a screen has pixels; more could not be seen
  const EVENTS_A_PAGE = 200;
  const MISSING_CODE = -32768;
  const FAR_CODE = 32767;
  const LOWEST_CODE = -32767;

  const data = JSON.parse(document.getElementById("data").textContent);
  const [firstTime, lastTime] = data.span;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // --- Small helpers ---------------------------------------------------------------------------

  const byId = (id) => document.getElementById(id);

  /** Make an element; children are elements or text. */
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /** A name that may be cut short on the screen, and is whole when pointed at. */
  const nameTag = (text) => element("span", { class: "name", title: text }, text);

  /** Text as plotly should show it: it takes <b> and the like, and entities, for markup. */
  const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  const shortened = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);

  const counting = new Intl.NumberFormat("en");
  const count = (number, noun) => `${counting.format(number)} ${noun}${number === 1 ? "" : "s"}`;

  /** A share in percent, with enough digits for small ones. */
  function percent(share) {
    if (share === 0) return "0 %";
    const hundredths = share * 100;
    return `${hundredths >= 1 ? Number(hundredths.toFixed(1)) : Number(hundredths.toPrecision(2))} %`;
  }

  const finerThan = (unit) => data.step % unit !== 0 || firstTime % unit !== 0;
  const timeLength = finerThan(1_000) ? 23 : finerThan(60_000) ? 19 : 16;

  /** A time as the data have it. Times have no zone; inside, they are taken for UTC throughout. */
  function timeText(milliseconds) {
    const text = new Date(milliseconds).toISOString();
    return text.slice(0, 10) + " " + text.slice(11, timeLength);
  }

  function durationText(seconds) {
    if (seconds === null) return "–";
    if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
    const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
    const first = units.findIndex(([, size]) => seconds >= size);
    const [large, small] = units.slice(first, first + 2);
    const rest = small && Math.floor((seconds % large[1]) / small[1]);
    return `${Math.floor(seconds / large[1])} ${large[0]}` + (rest ? ` ${rest} ${small[0]}` : "");
  }

  /** How to write the numbers of a column, judged by all of them; what is not defined is a dash. */
  function numberFormat(numbers) {
    const known = numbers.filter((number) => number !== null);
    const largest = Math.max(0, ...known.map(Math.abs));
    let digits = largest <= 1 ? 3 : 2;
    if (largest > 1 && known.every(Number.isInteger)) digits = 0;
    const format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (number) => {
      if (number === null) return "–";
      if (number !== 0 && Math.abs(number) >= 1e7) return number.toExponential(2);
      return format.format(number);
    };
  }

  /** The color of a CSS variable, resolved for the theme that is shown: plots know no variables. */
  const probe = document.body.appendChild(element("span", { hidden: "" }));
  function color(variable) {
    probe.style.color = `var(--${variable})`;
    return getComputedStyle(probe).color;
  }

  // --- Numbers out of the page -------------------------------------------------------------------

  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
    return bytes.buffer;
  }

  function unpackTimes(packed) {
    const buffer = bytesOf(packed.numbers);
    const numbers = packed.bits === 64 ? new Float64Array(buffer) : new Uint32Array(buffer);
    return Float64Array.from(numbers, (number) => packed.origin + number * packed.unit);
  }

  function unpackChannel(packed) {
    const codes = new Int16Array(bytesOf(packed.codes));
    const numbers = Float64Array.from(codes, (code) =>
      code === MISSING_CODE || code === FAR_CODE ? NaN : packed.low + (code - LOWEST_CODE) * packed.step);
    const places = new Uint32Array(bytesOf(packed.far_places));
    const far = new Float64Array(bytesOf(packed.far_numbers));
    places.forEach((place, number) => { numbers[place] = far[number]; });
    return numbers;
  }

  const pointTimes = unpackTimes(data.points.times);
  const labelRuns = data.labels && data.labels.series.map(unpackTimes);
  const flagRuns = data.flags.series.map(unpackTimes);

  /** The first place in sorted times that is not before a time. */
  function firstNotBefore(times, time) {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const unpackedSeries = new Map();

  /** Channels of a series and which of its points hold a flag; unpacked when first needed. */
  function channelsOf(number) {
    if (!unpackedSeries.has(number)) {
      const channels = Object.fromEntries(
        Object.entries(data.points.series[number]).map(([name, packed]) => [name, unpackChannel(packed)]));
      channels.high ??= channels.low;
      channels.flagged = new Uint8Array(pointTimes.length);
      const runs = flagRuns[number];
      for (let place = 0; place < runs.length; place += 2) {
        // The point that holds a row begins at the row or before it.
        let point = firstNotBefore(pointTimes, runs[place] + 0.5) - 1;
        for (; point < pointTimes.length && pointTimes[point] <= runs[place + 1]; point++) channels.flagged[point] = 1;
      }
      unpackedSeries.set(number, channels);
    }
    return unpackedSeries.get(number);
  }

  // --- From points to what a chart draws -----------------------------------------------------------

  /**
   * Put the points of a range into buckets of equal time, at most BUCKETS, or one a point if that is
   * enough. A bucket keeps the places of its smallest and largest value and of the flagged points
   * furthest above and below, the widest edges of the band, and the mean of the means.
   */
  function bucketsOf(channels, from, to) {
    const start = Math.max(0, firstNotBefore(pointTimes, from) - 1);
    const end = Math.min(pointTimes.length, firstNotBefore(pointTimes, to) + 1);
    const width = end - start > BUCKETS ? (to - from) / BUCKETS : 0;
    const buckets = [];
    let bucket = null;
    let previous = -Infinity;
    for (let point = start; point < end; point++) {
      const time = pointTimes[point];
      const broken = time - previous > data.points.break_after;
      if (!bucket || width === 0 || time >= bucket.until || broken) {
        bucket = {
          until: from + (Math.floor((time - from) / width) + 1) * width,
          broken, first: time, last: time, smallest: -1, largest: -1, above: -1, below: -1,
          lower: Infinity, upper: -Infinity, sum: 0, size: 0,
        };
        buckets.push(bucket);
      }
      bucket.last = previous = time;
      addPoint(bucket, channels, point);
    }
    return buckets;
  }

  function addPoint(bucket, channels, point) {
    const { low, high, mean, lower, upper, flagged } = channels;
    if (!Number.isNaN(low[point])) {
      if (bucket.smallest < 0 || low[point] < low[bucket.smallest]) bucket.smallest = point;
      if (bucket.largest < 0 || high[point] > high[bucket.largest]) bucket.largest = point;
    }
    if (lower[point] < bucket.lower) bucket.lower = lower[point];
    if (upper[point] > bucket.upper) bucket.upper = upper[point];
    if (!Number.isNaN(mean[point])) {
      bucket.sum += mean[point];
      bucket.size += 1;
    }
    if (!flagged[point]) return;
    // The edges of a point that stands for several rows are the widest of them, so a flagged value may
    // lie within: then the side on which it is nearer to its edge is the one it left by.
    const over = high[point] - upper[point];
    const under = lower[point] - low[point];
    if (over > 0 || over >= under) {
      if (bucket.above < 0 || high[point] > high[bucket.above]) bucket.above = point;
    }
    if (under > 0 || under > over) {
      if (bucket.below < 0 || low[point] < low[bucket.below]) bucket.below = point;
    }
  }

  /** Smallest and largest value of each bucket, in the order of time; null where the line breaks. */
  function valueLine(buckets, { low, high }) {
    const x = [];
    const y = [];
    const put = (time, value) => { x.push(time); y.push(value); };
    for (const { broken, first, smallest, largest } of buckets) {
      if (y.length && (broken || smallest < 0) && y.at(-1) !== null) put(first, null);
      if (smallest < 0) continue;
      const ends = [[pointTimes[smallest], low[smallest]], [pointTimes[largest], high[largest]]];
      const before = y.at(-1) ?? ends[0][1];
      const nearer = Math.abs(ends[1][1] - before) < Math.abs(ends[0][1] - before);
      if (ends[1][0] < ends[0][0] || (ends[0][0] === ends[1][0] && nearer)) ends.reverse();
      put(...ends[0]);
      if (ends[0][0] !== ends[1][0] || ends[0][1] !== ends[1][1]) put(...ends[1]);
    }
    return { x, y };
  }

  /** Values with no neighbor to be joined to: no line would show them. */
  function lonelyValues({ x, y }) {
    const lonely = { x: [], y: [] };
    y.forEach((value, place) => {
      if (value === null || (y[place - 1] ?? null) !== null || (y[place + 1] ?? null) !== null) return;
      lonely.x.push(x[place]);
      lonely.y.push(value);
    });
    return lonely;
  }

  const middle = (bucket) => (bucket.first + bucket.last) / 2;

  function meanLine(buckets) {
    const line = { x: [], y: [], customdata: [] };
    for (const bucket of buckets) {
      if (bucket.broken && line.x.length) {
        line.x.push(bucket.first);
        line.y.push(null);
        line.customdata.push(null);
      }
      line.x.push(middle(bucket));
      line.y.push(bucket.size ? bucket.sum / bucket.size : null);
      line.customdata.push([bucket.lower, bucket.upper]);
    }
    return line;
  }

  /** The outline of the band, one closed piece for each stretch without a gap. */
  function bandOutline(buckets) {
    const outline = { x: [], y: [] };
    let piece = [];
    const close = () => {
      if (piece.length === 1) { // a row on its own would have no width
        const [bucket] = piece;
        piece = [{ ...bucket, first: bucket.first - data.step / 2, last: bucket.first - data.step / 2 },
          { ...bucket, first: bucket.last + data.step / 2, last: bucket.last + data.step / 2 }];
      }
      if (!piece.length) return;
      const back = piece.toReversed();
      if (outline.x.length) { outline.x.push(null); outline.y.push(null); }
      outline.x.push(...piece.map(middle), ...back.map(middle));
      outline.y.push(...piece.map(({ upper }) => upper), ...back.map(({ lower }) => lower));
      piece = [];
    };
    for (const bucket of buckets) {
      const known = Number.isFinite(bucket.lower) && Number.isFinite(bucket.upper);
      if (bucket.broken || !known) close();
      if (known) piece.push(bucket);
    }
    close();
    return outline;
  }

  /** Runs in a range as rectangles between two heights; those a pixel apart become one. */
  function rectangles(runs, from, to, bottom, top) {
    const x = [];
    const y = [];
    const pixel = (to - from) / BUCKETS;
    let left = null;
    let right = null;
    const close = () => {
      if (left === null) return;
      x.push(left, left, right, right, left, null);
      y.push(bottom, top, top, bottom, bottom, null);
    };
    for (let place = 0; place < runs.length; place += 2) {
      const before = runs[place] - data.step / 2;
      const after = runs[place + 1] + data.step / 2;
      if (after <= from || before >= to) continue;
      const start = Math.max(before, from);
      const end = Math.min(Math.max(after, start + 2 * pixel), to); // never too thin to be seen
      if (left !== null && start <= right + pixel) { right = Math.max(right, end); continue; }
      close();
      [left, right] = [start, end];
    }
    close();
    return { x, y };
  }

  // --- One chart a series ----------------------------------------------------------------------

  const view = { from: firstTime, to: lastTime, event: null, height: "all" };
  const charts = []; // {number, figure, plot, state: "waiting" | "drawn" | "stale", visible}
  const plotConfig = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };

  function baseLayout() {
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("text") },
      hoverlabel: { bgcolor: color("raised"), bordercolor: color("line"), font: { color: color("text") }, align: "left" },
      showlegend: false,
      margin: { l: 64, r: 12, t: 8, b: 42 },
    };
  }

  const axis = (more) => ({
    gridcolor: color("grid"), linecolor: color("line"), zeroline: false, tickfont: { color: color("muted") }, ...more,
  });

  /** The range of y that shows what `view.height` asks for. */
  function heightOf(buckets, line) {
    const known = buckets.filter(({ lower, upper }) => Number.isFinite(lower) && Number.isFinite(upper));
    const around = view.height === "band" && known.length > 0;
    const numbers = around ? [] : line.y.filter((value) => value !== null);
    let low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
    let high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
    if (around) { // not the few rows where the network knows nothing and the band is very wide
      const lowest = known.map(({ lower }) => lower).sort((a, b) => a - b);
      const highest = known.map(({ upper }) => upper).sort((a, b) => a - b);
      low = lowest[Math.floor(0.02 * (known.length - 1))];
      high = highest[Math.ceil(0.98 * (known.length - 1))];
    } else {
      for (const { lower, upper } of known) {
        low = Math.min(low, lower);
        high = Math.max(high, upper);
      }
    }
    if (low > high) return [0, 1];
    const margin = (high - low) * (around ? 0.5 : 0.06) || Math.abs(high) * 0.05 || 1;
    // Room below for the strip of flags.
    return [low - 1.6 * margin, high + margin];
  }

  function chartTraces(number, buckets, line, [bottom, top]) {
    const channels = channelsOf(number);
    const strip = { yaxis: "y", type: "scatter", mode: "none", fill: "toself", hoverinfo: "skip" };
    const curve = { yaxis: "y2", type: "scatter", mode: "lines" };
    const traces = [];
    if (labelRuns) {
      traces.push({
        ...strip, name: "labeled", ...rectangles(labelRuns[number], view.from, view.to, 0, 1),
        fillcolor: color("label-fill"),
        fillpattern: { shape: "/", size: 9, solidity: 0.1, fgcolor: color("label"), bgcolor: color("label-fill") },
      });
    }
    traces.push({
      ...strip, name: "flagged rows", ...rectangles(flagRuns[number], view.from, view.to, 0, 0.035), fillcolor: color("flag"),
    });
    traces.push({
      ...curve, name: "band", ...bandOutline(buckets), mode: "none", fill: "toself", fillcolor: color("band"), hoverinfo: "skip",
    });
    traces.push({
      ...curve, name: "expected", ...meanLine(buckets), line: { color: color("mean"), width: 1.2, dash: "dot" },
      hovertemplate: "expected %{y:.6~g}<br>band %{customdata[0]:.6~g} to %{customdata[1]:.6~g}<extra></extra>",
    });
    const sparse = buckets.length <= 120;
    traces.push({
      ...curve, name: "value", ...line, mode: sparse ? "lines+markers" : "lines",
      line: { color: color("value"), width: 1.4 }, marker: { size: 4, color: color("value") },
      hovertemplate: "value %{y:.6~g}<extra></extra>",
    });
    const lonely = lonelyValues(line);
    if (lonely.x.length && !sparse) {
      traces.push({ ...curve, name: "single values", ...lonely, mode: "markers", marker: { size: 4, color: color("value") }, hoverinfo: "skip" });
    }
    for (const [side, channel, symbol] of [["above", channels.high, "triangle-up"], ["below", channels.low, "triangle-down"]]) {
      const places = buckets.map((bucket) => bucket[side]).filter((place) => place >= 0);
      if (!places.length) continue;
      traces.push({
        ...curve, name: `flagged ${side}`, mode: "markers",
        x: places.map((place) => pointTimes[place]),
        // Marks of values beyond the shown height stay at its edge.
        y: places.map((place) => Math.min(Math.max(channel[place], bottom), top)),
        customdata: places.map((place) => channel[place]),
        marker: { symbol, size: 9, color: color("flag"), line: { width: 1, color: color("surface") } },
        hovertemplate: `flagged: ${side} the band, %{customdata:.6~g}<extra></extra>`,
        cliponaxis: false,
      });
    }
    return traces;
  }

  function drawChart(chart) {
    const channels = channelsOf(chart.number);
    const buckets = bucketsOf(channels, view.from, view.to);
    const line = valueLine(buckets, channels);
    const height = heightOf(buckets, line);
    const shapes = [];
    if (view.event !== null && data.events.series[view.event].includes(chart.number)) {
      shapes.push({
        type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "above",
        x0: eventTimes.start[view.event] - data.step / 2, x1: eventTimes.end[view.event] + data.step / 2,
        line: { color: color("accent"), width: 1.5, dash: "dash" },
      });
    }
    const layout = {
      ...baseLayout(),
      hovermode: "x unified",
      dragmode: "zoom",
      shapes,
      xaxis: axis({ type: "date", range: [view.from, view.to], anchor: "y", hoverformat: { 16: "%Y-%m-%d %H:%M", 19: "%Y-%m-%d %H:%M:%S", 23: "%Y-%m-%d %H:%M:%S.%3f" }[timeLength] }),
      // Strips lie on an axis of their own, from 0 to 1, under the curves.
      // Types are given, for plotly cannot guess them from a trace without points.
      yaxis: { type: "linear", range: [0, 1], fixedrange: true, visible: false },
      yaxis2: axis({ type: "linear", range: height, fixedrange: true, overlaying: "y", side: "left", tickmode: "auto", nticks: 6 }),
    };
    const fresh = chart.state === "waiting";
    chart.plot.removeAttribute("style");
    Plotly.react(chart.plot, chartTraces(chart.number, buckets, line, height), layout, plotConfig);
    if (fresh) {
      chart.plot.on("plotly_relayout", (changed) => {
        const range = changed["xaxis.range"] ?? [changed["xaxis.range[0]"], changed["xaxis.range[1]"]];
        if (range[0] !== undefined) setRange(...range.map(timeOf));
      });
      chart.plot.on("plotly_doubleclick", reset);
    }
    setState(chart, "drawn");
  }

  /** A time that plotly gives back, as a number or as text without a zone. */
  const timeOf = (time) => (typeof time === "number" ? time : Date.parse(String(time).replace(" ", "T").padEnd(11, "T00:00") + "Z"));

  function setState(chart, state) {
    chart.state = state;
    chart.figure.dataset.state = state;
    chart.figure.classList.toggle("began", view.event !== null && data.events.series[view.event][0] === chart.number);
  }

  // Charts in view are drawn one a frame, so that the page answers in between.
  let drawing = false;
  function drawWhatIsVisible() {
    if (drawing) return;
    const next = charts.find((chart) => chart.visible && chart.state !== "drawn");
    if (!next) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      drawChart(next);
      drawWhatIsVisible();
    });
  }

  function allStale() {
    for (const chart of charts) if (chart.state === "drawn") setState(chart, "stale");
    drawWhatIsVisible();
  }

  // --- The range of time -------------------------------------------------------------------------

  const fullRange = () => {
    const margin = Math.max((lastTime - firstTime) * 0.01, data.step);
    return [firstTime - margin, lastTime + margin];
  };

  function setRange(from, to) {
    const [earliest, latest] = fullRange();
    const shortest = Math.min(4 * data.step, latest - earliest);
    const width = Math.min(Math.max(to - from, shortest), latest - earliest);
    from = Math.min(Math.max((from + to - width) / 2, earliest), latest - width);
    [view.from, view.to] = [from, from + width];
    showRange();
    allStale();
    markHeat();
  }

  function showRange() {
    const [earliest, latest] = fullRange();
    const whole = view.from <= earliest && view.to >= latest;
    byId("range").value = `${timeText(Math.max(view.from, firstTime))} to ${timeText(Math.min(view.to, lastTime))}`;
    byId("earlier").disabled = view.from <= earliest;
    byId("later").disabled = view.to >= latest;
    for (const button of byId("zoom-buttons").children) {
      const days = button.dataset.days;
      const width = days === "all" ? latest - earliest : Number(days) * DAY;
      button.disabled = width > latest - earliest;
      button.setAttribute("aria-pressed", String(days === "all" ? whole : !whole && Math.abs(view.to - view.from - width) < 1));
    }
  }

  function reset() {
    view.event = null;
    view.height = byId("height").value = "all";
    markEventRow();
    setRange(...fullRange());
  }

  function setUpToolbar() {
    byId("zoom-buttons").addEventListener("click", ({ target }) => {
      const days = target.dataset.days;
      if (!days) return;
      const center = (view.from + view.to) / 2;
      if (days === "all") setRange(...fullRange());
      else setRange(center - (days * DAY) / 2, center + (days * DAY) / 2);
    });
    const shift = (share) => () => {
      const by = (view.to - view.from) * share;
      setRange(view.from + by, view.to + by);
    };
    byId("earlier").addEventListener("click", shift(-0.5));
    byId("later").addEventListener("click", shift(0.5));
    byId("reset").addEventListener("click", reset);
    byId("height").addEventListener("change", ({ target }) => {
      view.height = target.value;
      allStale();
    });
    byId("go-to").append(element("option", { value: "" }, "choose a series"),
      ...data.series.map((name, number) => element("option", { value: number }, shortened(name, 60))));
    byId("go-to").addEventListener("change", ({ target }) => {
      if (target.value !== "") scrollToChart(Number(target.value));
      target.value = "";
    });
  }

  function scrollToChart(number) {
    charts[number].figure.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
  }

  function setUpCharts() {
    const hints = ["Drag across a chart to zoom all of them, hold Shift and drag to move, double-click to see everything."];
    if (data.rows_per_point > 1) {
      hints.push(`So that this page stays small, each point stands for ${count(data.rows_per_point, "row")}: smallest and ` +
        "largest value, widest band. Spikes are all there; exact values are in the CSVs.");
    }
    for (const [what, runs] of [["Flagged", data.flags], ["Labeled", data.labels]]) {
      if (runs && runs.rows > 1) hints.push(`${what} stretches are too many to keep each, and are rounded to ${runs.rows} rows.`);
    }
    byId("charts-note").textContent = hints.join(" ");
    const swatch = (drawn) => {
      const holder = element("span");
      // Markup of our own, nothing of the user's.
      holder.innerHTML = `<svg width="26" height="14" viewBox="0 0 26 14" aria-hidden="true">${drawn}</svg>`;
      return holder.firstChild;
    };
    byId("legend").append(
      element("li", {}, swatch('<path d="M1 9 L8 4 L16 10 L25 5" fill="none" stroke="var(--value)" stroke-width="1.8"/>'), "value"),
      element("li", {}, swatch('<path d="M1 7 H25" stroke="var(--mean)" stroke-width="1.6" stroke-dasharray="2 3"/>'), "expected value"),
      element("li", {}, swatch('<rect x="1" y="1" width="24" height="12" fill="var(--band)"/>'), "band"),
      element("li", {}, swatch('<path d="M2 11 L7 3 L12 11 Z M14 3 L24 3 L19 11 Z" fill="var(--flag)"/>'), "flagged above, below"),
      element("li", {}, swatch('<rect x="1" y="9" width="24" height="3" fill="var(--flag)"/>'), "flagged rows"));
    if (labelRuns) {
      byId("legend").append(element("li", {}, swatch('<rect x="1" y="1" width="24" height="12" fill="var(--label-fill)"/>' +
        '<path d="M2 13 L10 1 M9 13 L17 1 M16 13 L24 1" stroke="var(--label)" stroke-width="1.4"/>'), "labeled as anomaly"));
    }
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) charts[target.dataset.number].visible = isIntersecting;
      drawWhatIsVisible();
    }, { rootMargin: "200px 0px" });
    data.series.forEach((name, number) => {
      const judged = data.heat.judged[number].reduce((a, b) => a + b, 0);
      const flagged = data.flags.cells[number];
      const [down, up] = data.bands[number];
      const about = [`${counting.format(flagged)} of ${count(judged, "cell")} flagged` + (judged ? ` (${percent(flagged / judged)})` : "")];
      if (!judged) about[0] = "no value in this file";
      if (down !== null && up !== null) about.push(`band −${Number(down.toPrecision(4))} to +${Number(up.toPrecision(4))} sigmas`);
      const plot = element("div", { class: "plot", id: `plot-${number}`, role: "img", "aria-label": `Chart of ${name}` });
      const figure = element("figure", { class: "chart", id: `chart-${number}`, "data-number": number, "data-state": "waiting" },
        element("figcaption", {}, element("h3", { title: name }, name), ...about.map((text) => element("span", {}, text))), plot);
      byId("chart-list").append(figure);
      charts.push({ number, figure, plot, state: "waiting", visible: false });
      observer.observe(figure);
    });
    // Paper has no scrolling: what was not seen yet is drawn for it.
    window.addEventListener("beforeprint", () => charts.filter(({ state }) => state !== "drawn").forEach(drawChart));
  }

  // --- Heat map --------------------------------------------------------------------------------

  const heatPlot = byId("heat-plot");

  function drawHeat() {
    const { width, count: columns, flagged, judged } = data.heat;
    const x = Array.from({ length: columns }, (_, column) => firstTime - data.step / 2 + (column + 0.5) * width);
    const shares = flagged.map((row, number) => row.map((cells, column) => (judged[number][column] ? cells / judged[number][column] : null)));
    const runs = mergedLabels();
    const labeled = runs.length ? 1 : 0; // an axis without a trace makes plotly draw a line to nowhere
    const rowHeight = Math.min(26, Math.max(9, 520 / data.series.length));
    const strip = labeled * 18;
    const height = Math.max(120, rowHeight * data.series.length) + strip + 50;
    const inner = height - 50;
    // Every name, or of very many series every second or third, so that they do not overlap.
    const named = data.series.map((_, number) => number).filter((number) => number % Math.ceil(14 / rowHeight) === 0);
    const longest = data.series.reduce((length, name) => Math.max(length, Math.min(name.length, 24)), 6);
    // From the surface to a strong color: a share is read by lightness, whatever one's color vision.
    const layout = {
      ...baseLayout(),
      height,
      margin: { l: 24 + 7 * longest, r: 70, t: 8, b: 42 },
      xaxis: axis({ type: "date", range: fullRange(), fixedrange: true, showgrid: false }),
      yaxis: axis({
        type: "linear", range: [data.series.length - 0.5, -0.5], fixedrange: true, showgrid: false, ticks: "", domain: [0, 1 - (strip + labeled * 6) / inner],
        tickvals: named, ticktext: named.map((number) => plain(shortened(data.series[number], 24))),
      }),
      ...(labeled && { yaxis2: axis({ type: "linear", range: [0, 1], fixedrange: true, showgrid: false, ticks: "", linewidth: 0, domain: [1 - strip / inner, 1], tickvals: [0.5], ticktext: ["labels"], anchor: "x" }) }),
      hovermode: "closest",
      shapes: heatShapes(),
    };
    const steps = [0.01, 0.1, 0.25, 0.5, 1];
    const traces = [{
      type: "heatmap", x, y: data.series.map((_, number) => number),
      z: shares.map((row) => row.map((share) => share && Math.sqrt(share))), // so that one row of fifty is seen
      customdata: shares.map((row, number) => row.map((share, column) => [
        share === null ? "no value" : `${percent(share)} flagged (${flagged[number][column]} of ${judged[number][column]} cells)`,
        timeText(firstTime + column * width), plain(shortened(data.series[number], 60))])),
      hovertemplate: "%{customdata[2]}<br>from %{customdata[1]}<br>%{customdata[0]}<extra></extra>",
      zmin: 0, zmax: 1, ygap: rowHeight > 12 ? 2 : 0, hoverongaps: false,
      colorscale: [[0, color("raised")], [0.001, blend("raised", "flag", 0.25)], [0.5, color("flag")], [1, color("heat-end")]],
      colorbar: {
        thickness: 12, outlinewidth: 0, ypad: 0, y: 1, yanchor: "top", lenmode: "pixels", len: Math.min(inner, 320),
        tickvals: steps.map(Math.sqrt), ticktext: steps.map(percent), tickfont: { color: color("muted") },
      },
    }];
    if (labeled) {
      traces.push({
        type: "scatter", mode: "none", fill: "toself", yaxis: "y2", name: "labels", hoverinfo: "skip",
        ...rectangles(runs, ...fullRange(), 0.1, 0.9), fillcolor: color("label"),
      });
    }
    Plotly.react(heatPlot, traces, layout, plotConfig);
  }

  /** Labels of all series in one list of runs, sorted by their beginning. */
  function mergedLabels() {
    const runs = [];
    for (const times of labelRuns ?? []) for (let place = 0; place < times.length; place += 2) runs.push([times[place], times[place + 1]]);
    return runs.sort((a, b) => a[0] - b[0]).flat();
  }

  function blend(from, to, share) {
    probe.style.color = `color-mix(in srgb, var(--${to}) ${share * 100}%, var(--${from}))`;
    const mixed = getComputedStyle(probe).color;
    const parts = mixed.match(/[\d.]+/g).map(Number);
    // Chromium answers "color(srgb 0.1 0.2 0.3)", which plotly does not read.
    return mixed.startsWith("color(") ? `rgb(${parts.map((part) => Math.round(part * 255)).join(",")})` : mixed;
  }

  /** A frame around what the charts show. */
  function heatShapes() {
    const [earliest, latest] = fullRange();
    if (view.from <= earliest && view.to >= latest) return [];
    const least = (latest - earliest) / 300; // still to be seen when it is a day of years
    const center = (view.from + view.to) / 2;
    const half = Math.max(view.to - view.from, least) / 2;
    return [{
      type: "rect", xref: "x", yref: "paper", x0: center - half, x1: center + half, y0: 0, y1: 1,
      line: { color: color("accent"), width: 2 },
    }];
  }

  function markHeat() {
    if (heatPlot.data) Plotly.relayout(heatPlot, { shapes: heatShapes() });
  }

  function setUpHeat() {
    byId("heat-note").textContent = "Share of the judged cells that left their band, " +
      `in stretches of ${durationText(data.heat.width / 1000)}. Click one to see it in the charts.`;
    drawHeat();
    heatPlot.on("plotly_click", ({ points: [point] }) => {
      if (point.data.type !== "heatmap") return;
      const half = Math.max(data.heat.width, 60 * data.step) * 1.5;
      const center = timeOf(point.x);
      setRange(center - half, center + half);
      scrollToChart(point.y);
    });
  }

  // --- Events ----------------------------------------------------------------------------------

  const eventTimes = { start: unpackTimes(data.events.start), end: unpackTimes(data.events.end), peak: unpackTimes(data.events.peak) };
  const eventList = { order: [], page: 0, sort: "start", ascending: true };

  const eventColumns = [
    { key: "event", title: "Event", of: (event) => data.events.event[event], cell: (event) => String(data.events.event[event]) },
    { key: "start", title: "Start", of: (event) => eventTimes.start[event], cell: (event) => timeText(eventTimes.start[event]) },
    { key: "duration", title: "Duration", of: (event) => data.events.seconds[event], cell: (event) => durationText(data.events.seconds[event]) },
    { key: "rows", title: "Rows", of: (event) => data.events.rows[event], cell: (event) => counting.format(data.events.rows[event]) },
    {
      key: "strength", title: "Peak strength", note: "sigmas beyond the band", of: (event) => data.events.strength[event],
      cell: (event) => strengthText(data.events.strength[event]),
    },
    { key: "peak", title: "Peak at", of: (event) => eventTimes.peak[event], cell: (event) => timeText(eventTimes.peak[event]) },
    { key: "direction", title: "Direction", text: true, of: (event) => data.events.up[event], cell: (event) => (data.events.up[event] ? "▲ up" : "▼ down") },
    { key: "began", title: "Began with", text: true, of: (event) => data.series[data.events.series[event][0]] ?? "", cell: (event) => involvedCell(event) },
  ];

  function strengthText(strength) {
    if (strength === null) return "–";
    return Math.abs(strength) < 1000 ? `${strength.toFixed(2)} σ` : `${strength.toExponential(1)} σ`;
  }

  function involvedCell(event) {
    const names = data.events.series[event].map((number) => data.series[number]);
    const cell = element("span", {}, nameTag(names[0] ?? "–"));
    if (names.length > 1) {
      cell.append(element("span", { class: "more", title: names.slice(1).join("\n") }, `and ${names.length - 1} more`));
    }
    return cell;
  }

  function arrangeEvents() {
    const wanted = byId("event-filter").value;
    const column = eventColumns.find(({ key }) => key === eventList.sort);
    const sign = eventList.ascending ? 1 : -1;
    const order = data.events.event.map((_, event) => event)
      .filter((event) => wanted === "" || data.events.series[event].includes(Number(wanted)));
    order.sort((a, b) => {
      const [first, second] = [column.of(a), column.of(b)];
      const compared = typeof first === "string" ? first.localeCompare(second, "en", { numeric: true }) : first - second;
      return sign * compared || a - b;
    });
    eventList.order = order;
    eventList.page = 0;
    showEvents();
  }

  function showEvents() {
    const { order } = eventList;
    const pages = Math.max(1, Math.ceil(order.length / EVENTS_A_PAGE));
    eventList.page = Math.min(Math.max(eventList.page, 0), pages - 1);
    const first = eventList.page * EVENTS_A_PAGE;
    const shown = order.slice(first, first + EVENTS_A_PAGE);
    const table = byId("event-table");
    table.tBodies[0].replaceChildren(...shown.map((event) => element(
      "tr", { tabindex: "0", "data-event": event },
      ...eventColumns.map(({ cell, text }) => element("td", { class: text && "text" }, cell(event))))));
    for (const header of table.tHead.rows[0].cells) {
      const sorted = header.dataset.key === eventList.sort;
      header.setAttribute("aria-sort", sorted ? (eventList.ascending ? "ascending" : "descending") : "none");
    }
    byId("event-count").value = order.length === data.events.event.length
      ? count(order.length, "event") : `${counting.format(order.length)} of ${count(data.events.event.length, "event")}`;
    byId("event-pager").hidden = pages === 1;
    byId("event-page").textContent = `page ${eventList.page + 1} of ${pages}`;
    byId("event-previous").disabled = eventList.page === 0;
    byId("event-next").disabled = eventList.page === pages - 1;
    markEventRow();
  }

  function markEventRow() {
    for (const row of byId("event-table").tBodies[0].rows) {
      if (Number(row.dataset.event) === view.event) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  function showEvent(event) {
    view.event = event;
    const [start, end] = [eventTimes.start[event], eventTimes.end[event]];
    const margin = Math.max(2 * (end - start), 50 * data.step);
    setRange(start - margin, end + margin);
    markEventRow();
    scrollToChart(data.events.series[event][0] ?? 0);
  }

  function setUpEvents() {
    if (!data.events.event.length) {
      byId("events-body").replaceChildren(element("p", { class: "empty" }, "No cell left its band, so there is no event."));
      return;
    }
    if (data.events.total > data.events.event.length) {
      byId("events-note").append(` Of ${count(data.events.total, "event")} these are the strongest; all are in events.csv.`);
    }
    const involved = new Set(data.events.series.flat());
    byId("event-filter").append(element("option", { value: "" }, "all"),
      ...[...involved].sort((a, b) => a - b).map((number) => element("option", { value: number }, shortened(data.series[number], 60))));
    byId("event-filter").addEventListener("change", arrangeEvents);
    const head = element("tr");
    for (const { key, title, text, note } of eventColumns) {
      const button = element("button", { type: "button", title: note }, title);
      button.addEventListener("click", () => {
        eventList.ascending = eventList.sort === key ? !eventList.ascending : key !== "strength";
        eventList.sort = key;
        arrangeEvents();
      });
      head.append(element("th", { scope: "col", class: text && "text", "data-key": key }, button));
    }
    const table = byId("event-table");
    table.tHead.append(head);
    table.addEventListener("click", ({ target }) => {
      const row = target.closest("tbody tr");
      if (row) showEvent(Number(row.dataset.event));
    });
    table.addEventListener("keydown", (pressed) => {
      const row = pressed.target.closest("tbody tr");
      if (!row) return;
      const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[pressed.key];
      if (next) next.focus();
      else if (pressed.key === "Enter" || pressed.key === " ") showEvent(Number(row.dataset.event));
      else return;
      pressed.preventDefault();
    });
    byId("event-previous").addEventListener("click", () => { eventList.page -= 1; showEvents(); });
    byId("event-next").addEventListener("click", () => { eventList.page += 1; showEvents(); });
    arrangeEvents();
  }

  // --- Tables ----------------------------------------------------------------------------------

  const boxed = (table) => element("div", { class: "scroll fit numbers", tabindex: "0", role: "group", "aria-label": "Table" }, table);

  /** Words that a line may break between, but not within, as it would at the hyphen of VUS-PR. */
  const words = (text) => text.split(" ").flatMap((word, place) => [place ? " " : "", element("span", { class: "word" }, word)]);

  /**
   * A table of numbers.
   * options: corner (text), notes (column -> tooltip), rowClass (row -> class), best (column -> place or -1)
   */
  function numberTable({ index, columns, values }, { corner = "", notes = {}, rowClass = () => undefined, best = () => [], formats } = {}) {
    const head = element("tr", {}, element("th", { class: "text corner", scope: "col" }, corner),
      ...columns.map((column) => element("th", { scope: "col", title: notes[column] }, ...words(column))));
    formats ??= columns.map((_, place) => numberFormat(values.map((row) => row[place])));
    const winners = columns.map((column, place) => best(column, place));
    const rows = index.map((name, number) => element("tr", { class: rowClass(String(name)) },
      element("th", { scope: "row" }, nameTag(String(name))),
      ...columns.map((_, place) => {
        const won = winners[place].includes(number);
        return element("td", { class: won && "best", title: won ? "best of this column" : undefined }, formats[place](values[number][place]));
      })));
    return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
  }

  const noLabels = () => element("p", { class: "empty" }, "Give --labels to have the run judged: without them, nobody knows which alarms are true.");

  function setUpMetrics() {
    for (const note of document.querySelectorAll(".threshold")) note.textContent = data.metrics || data.baselines ? data.threshold_source : "";
    const notes = data.metric_notes;
    if (data.metrics) {
      const list = element("dl", { class: "notes" });
      for (const column of data.metrics.columns) {
        if (notes[column]) list.append(element("dt", {}, column), element("dd", {}, notes[column]));
      }
      const rowClass = (name) => (["system alarm", "any series flagged", "mean of labeled series"].includes(name) ? "total" : undefined);
      byId("metrics-body").append(boxed(numberTable(data.metrics, { notes, rowClass, corner: "Series" })), list);
    } else {
      byId("metrics-body").append(noLabels());
    }
    if (data.baselines) {
      const { values } = data.baselines;
      const best = (column, place) => {
        const better = data.better[column] ?? "higher";
        const known = values.map((row) => row[place]).filter((number) => number !== null);
        if (better === "neither" || !known.length) return [];
        const winning = better === "lower" ? Math.min(...known) : Math.max(...known);
        if (known.length > 1 && known.every((number) => number === winning)) return []; // nobody is better
        return values.flatMap((row, number) => (row[place] === winning ? [number] : []));
      };
      const rowClass = (name) => (name === data.baselines.index[0] ? "own" : undefined);
      byId("baselines-body").append(boxed(numberTable(data.baselines, { notes, rowClass, best, corner: "Detector" })),
        element("p", { class: "note after" }, "★ marks the best of a column."));
    } else {
      byId("baselines-body").append(data.metrics ? element("p", { class: "empty" }, "No baseline was run.") : noLabels());
    }
  }

  function setUpLosses() {
    const names = { loss: "Loss", reconst: "Reconstruction", kl: "KL divergence" };
    const columns = data.losses.columns.map((column) => names[column] ?? column);
    const formats = columns.map(() => (number) => (number === null ? "–" : number.toFixed(Math.abs(number) < 1000 ? 4 : 1)));
    const rowClass = (name) => (name === "this file" ? "own" : undefined);
    if (!data.losses.index.length) byId("losses-body").append(element("p", { class: "empty" }, "No losses were computed."));
    else byId("losses-body").append(boxed(numberTable({ ...data.losses, columns }, { rowClass, formats })));
  }

  // --- Calibration -----------------------------------------------------------------------------

  const calibrationPlot = byId("calibration-plot");

  function drawCalibration() {
    const { index, columns, values } = data.calibration;
    const chosen = byId("calibration-series").value;
    const known = values.flat().filter((share) => share > 0);
    const lowest = Math.floor(Math.log10(Math.min(...known, 0.1)));
    const styles = (column) => {
      if (column === "promised by a Gaussian") return { color: color("text"), width: 2, dash: "dash" };
      if (column === chosen) return { color: color("flag"), width: 3, dash: "solid" };
      if (column === "all series together") return { color: color("value"), width: 3, dash: "solid" };
      return { color: color("faint"), width: 1, dash: "solid" };
    };
    const last = (column) => (column === "promised by a Gaussian" || column === "all series together" ? 1 : 0) + (column === chosen ? 2 : 0);
    const traces = columns.map((column, place) => ({ column, place })).sort((a, b) => last(a.column) - last(b.column))
      .map(({ column, place }) => ({
        type: "scatter", mode: "lines+markers", name: plain(shortened(column, 40)), x: index,
        y: values.map((row) => row[place] || null), // no logarithm of 0
        line: styles(column),
        marker: { color: styles(column).color, size: styles(column).width > 1 ? 7 : 4, symbol: column === "promised by a Gaussian" ? "diamond-open" : column === chosen ? "square" : "circle" },
        text: values.map((row) => (row[place] === null ? "" : percent(row[place]))),
        hovertemplate: `${plain(shortened(column, 40))}<br>outside %{x} sigmas: %{text}<extra></extra>`,
        showlegend: last(column) > 0 || place === 1,
        ...(last(column) === 0 && place === 1 ? { name: "single series" } : {}),
      }));
    const powers = Array.from({ length: 1 - lowest }, (_, place) => lowest + place);
    Plotly.react(calibrationPlot, traces, {
      ...baseLayout(),
      height: 340,
      margin: { l: 84, r: 12, t: 8, b: 76 },
      hovermode: "closest",
      xaxis: axis({ title: { text: "k (sigmas)", standoff: 6, font: { color: color("muted") } }, tickvals: index, fixedrange: true }),
      yaxis: axis({
        type: "log", range: [lowest - 0.1, 0.1], tickvals: powers.map((power) => 10 ** power), ticktext: powers.map((power) => percent(10 ** power)),
        fixedrange: true, title: { text: "cells outside", font: { color: color("muted") } },
      }),
      showlegend: true,
      legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top", font: { color: color("text") }, itemclick: false, itemdoubleclick: false },
    }, plotConfig);
  }

  function setUpCalibration() {
    const { index, columns, values } = data.calibration;
    if (!index.length || !columns.length) {
      byId("calibration-body").replaceChildren(element("p", { class: "empty" }, "No cell had a value, so nothing can be said."));
      return;
    }
    const single = columns.filter((column) => column !== "promised by a Gaussian" && column !== "all series together");
    byId("calibration-series").append(element("option", { value: "" }, "none"),
      ...single.map((column) => element("option", { value: column }, shortened(column, 60))));
    byId("calibration-series").addEventListener("change", drawCalibration);
    const formats = index.map(() => (share) => (share === null ? "–" : percent(share)));
    // A series a row: there may be many of them, and there are few k.
    const turned = { index: columns, columns: index.map((k) => `${k}\u00a0σ`), values: columns.map((_, place) => values.map((row) => row[place])) };
    byId("calibration-table").append(boxed(numberTable(turned, { corner: "Outside", formats })));
    drawCalibration();
  }

  // --- Texts -----------------------------------------------------------------------------------

  function setUpTexts() {
    document.title = `${data.model}, ${data.file}: DC-VAE report`;
    byId("model").textContent = data.model;
    byId("facts").textContent = `${data.file} · ${timeText(firstTime)} to ${timeText(lastTime)} · ` +
      `${count(data.rows, "judged row")} · ${counting.format(data.series.length)} series`;
    const kinds = { good: ["✓", "Good"], info: ["i", "Note"], warning: ["!", "Warning"], bad: ["✕", "Problem"] };
    byId("finding-list").append(...data.findings.map(([level, text]) => element(
      "li", { class: `finding ${level}` },
      element("span", { class: "icon", "aria-hidden": "true" }, kinds[level][0]), element("b", {}, kinds[level][1]), element("span", {}, text))));
    if (!data.findings.length) byId("finding-list").append(element("li", { class: "empty" }, "Nothing stands out."));
    for (const [name, value] of data.summary) byId("summary-list").append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
    byId("settings-body").append(tree(data.settings));
    byId("provenance-body").append(tree(data.provenance));
  }

  /** Names and values, nested as they come. */
  function tree(value) {
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      if (!Object.keys(value).length) return element("p", { class: "empty" }, "none");
      return element("dl", { class: "tree" }, ...Object.entries(value).flatMap(([name, entry]) => [
        element("dt", {}, name), element("dd", {}, tree(entry))]));
    }
    if (Array.isArray(value) && value.some((entry) => entry !== null && typeof entry === "object")) {
      return element("ul", {}, ...value.map((entry) => element("li", {}, tree(entry))));
    }
    if (Array.isArray(value)) return value.length ? value.join(", ") : "none";
    return String(value);
  }

  // --- Theme -----------------------------------------------------------------------------------

  function setUpTheme() {
    const root = document.documentElement;
    const buttons = [...document.querySelectorAll("[data-theme-choice]")];
    const show = () => {
      const chosen = root.dataset.theme ?? "auto";
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    };
    const redraw = () => {
      drawHeat();
      if (calibrationPlot.data) drawCalibration();
      allStale();
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        const choice = button.dataset.themeChoice;
        if (choice === "auto") delete root.dataset.theme;
        else root.dataset.theme = choice;
        try {
          localStorage.setItem("dcvae-theme", choice);
        } catch { /* a browser may refuse storage to a file */ }
        show();
        redraw();
      });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    show();
  }

  setUpTexts();
  setUpToolbar();
  setUpTheme();
  [view.from, view.to] = fullRange();
  setUpHeat();
  setUpEvents();
  setUpCharts();
  showRange();
  setUpMetrics();
  setUpLosses();
  setUpCalibration();
})();
