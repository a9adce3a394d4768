/* What a page can do beyond being read: sort a table, show all of it, find a row, draw a chart from it, stay up to date.

   Nothing here computes a figure, and no text becomes markup: what is shown comes from the page, as text. */
"use strict";

(() => {
  const FIRST_ROWS = 25; // of a long table, until all are asked for
  const POLL_MS = 5000;
  const SHAPES = ["circle", "rect", "rectRot", "triangle", "star", "crossRot", "rectRounded"];
  const drawn = [];

  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  /* ---- tables ---- */

  const numeric = (text) => {
    const found = /^(?:block|round)?\s*(-?[\d,]+(?:\.\d+)?(?:e-?\d+)?)/.exec(text);
    return found ? Number(found[1].replaceAll(",", "")) : null;
  };

  // What a cell is sorted by: a number, a text, or null where there is nothing, which always comes last.
  const valueOf = (cell) => {
    const shown = cell.querySelector(":scope > div") ?? cell; // without the label of a stacked cell
    const text = (cell.dataset.v ?? shown.textContent).trim();
    if (text === "" || text === "\u2013") return null;
    return numeric(text) ?? text.toLowerCase();
  };

  const compare = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en");

  function sortBy(table, column, direction) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    rows.forEach((row, number) => { row.dataset.place ??= String(number); });
    const place = (row) => Number(row.dataset.place);
    const keyed = rows.map((row) => ({ row, value: valueOf(row.cells[column]) }));
    keyed.sort((one, other) => {
      if (direction === "none") return place(one.row) - place(other.row);
      if (one.value === null || other.value === null) {
        return (one.value === null) - (other.value === null) || place(one.row) - place(other.row);
      }
      const order = compare(one.value, other.value) * (direction === "descending" ? -1 : 1);
      return order || place(one.row) - place(other.row);
    });
    body.append(...keyed.map((one) => one.row));
    [...table.tHead.rows[0].cells].forEach((head, number) => {
      if (number === column && direction !== "none") head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
    show(table);
  }

  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make("button", { type: "button", className: "sort" }, ...head.childNodes);
      button.addEventListener("click", () => sortBy(table, column, NEXT[head.getAttribute("aria-sort") ?? "none"]));
      head.append(button);
    });
  }

  // Which rows are in sight: those that hold what is looked for, and of these the first ones until all are asked for.
  function show(table) {
    const state = table.board;
    if (!state) return;
    const wanted = state.search.value.trim().toLowerCase();
    const found = [...table.tBodies[0].rows].filter((row) => {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
      return !row.hidden;
    });
    const folded = !state.all && wanted === "";
    if (folded) found.slice(FIRST_ROWS).forEach((row) => { row.hidden = true; });
    state.button.hidden = wanted !== "" || found.length <= FIRST_ROWS;
    state.button.textContent = folded ? `Show all ${found.length}` : `Show the first ${FIRST_ROWS}`;
    state.button.setAttribute("aria-expanded", String(!folded));
    const shown = folded ? Math.min(FIRST_ROWS, found.length) : found.length;
    state.count.textContent = `${shown} of ${table.tBodies[0].rows.length} shown`;
  }

  function makeFindable(table) {
    const search = make("input", { type: "search", id: `${table.id}-find`, autocomplete: "off", spellcheck: false });
    const button = make("button", { type: "button", className: "more" });
    const count = make("span", { className: "quiet" });
    count.setAttribute("role", "status");
    table.board = { search, button, count, all: false };
    search.addEventListener("input", () => show(table));
    button.addEventListener("click", () => {
      table.board.all = !table.board.all;
      show(table);
    });
    const frame = table.closest(".scroll") ?? table;
    frame.before(make("div", { className: "find" }, make("label", {}, "Find ", search), count));
    frame.after(button);
    show(table);
  }

  /* ---- charts: each is drawn from its table, in the colours of the style sheet ---- */

  const styled = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const short = (name) => (name.length > 22 ? `${name.slice(0, 21)}\u2026` : name); // a chart has less room than a table
  const grouped = (number) => number.toLocaleString("en");

  function readTable(table) {
    const heads = [...table.tHead.rows[0].cells].map((head) => ({ name: head.textContent, series: head.dataset.series }));
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
    return { heads, rows };
  }

  const cellNumber = (cell) => numeric(cell.textContent.trim());

  function seriesOf({ heads, rows }) {
    return heads.flatMap((head, column) => {
      if (!head.series) return [];
      const points = rows.map((cells) => ({
        x: cellNumber(cells[0]), y: cellNumber(cells[column]), early: cells[column].textContent.endsWith("*"),
      }));
      return [{ ...head, points: points.filter((point) => point.y !== null).reverse() }];
    });
  }

  function lines(table) {
    const many = table.rows.length > 80;
    const series = seriesOf(table);
    const unit = table.unit;
    const datasets = series.map((one, number) => {
      const hurdle = one.series === "hurdle", reference = one.series === "reference";
      const colour = styled(hurdle ? "accent" : reference ? "rest" : one.series);
      return {
        label: short(one.name),
        data: one.points,
        borderColor: colour,
        backgroundColor: colour,
        borderWidth: hurdle ? 1.5 : 2,
        borderDash: hurdle ? [2, 3] : reference ? [6, 4] : [],
        pointStyle: hurdle ? "line" : SHAPES[number % SHAPES.length],
        pointRadius: hurdle || (many && one.points.length > 80) ? 0 : 3.5,
        pointHoverRadius: 6,
        pointBackgroundColor: one.points.map((point) => (point.early ? styled("card") : colour)),
        pointBorderColor: colour,
        order: hurdle ? 1 : 0,
      };
    });
    return {
      type: "line",
      data: { datasets },
      options: {
        scales: { x: blocks(), y: { title: { display: true, text: unit } } },
        plugins: { tooltip: { callbacks: {
          title: (items) => `block ${grouped(items[0].parsed.x)}`,
          label: (item) => ` ${item.dataset.label}: ${item.parsed.y.toFixed(4)}${item.raw.early ? ", stopped early" : ""}`,
        } } },
      },
    };
  }

  function shares(table) {
    const series = seriesOf(table);
    const many = table.rows.length > 80;
    const datasets = series.map((one) => ({
      label: short(one.name),
      data: one.points,
      borderColor: many ? styled(one.series) : styled("card"),
      backgroundColor: styled(one.series),
      borderWidth: many ? 0 : 1,
      pointRadius: 0,
      fill: many ? "stack" : undefined,
      stepped: many ? "middle" : undefined,
    }));
    const label = (item) => ` ${item.dataset.label}: ${item.parsed.y}%`;
    const x = many ? blocks() : { type: "category", labels: [...table.rows].reverse().map((cells) => cells[0].textContent), title: { display: true, text: "block" } };
    if (!many) datasets.forEach((one) => { one.data = one.data.map((point) => ({ x: grouped(point.x), y: point.y })); });
    return {
      type: many ? "line" : "bar",
      data: { datasets },
      options: {
        scales: {
          x: { ...x, stacked: !many },
          y: { stacked: true, min: 0, max: 100, ticks: { callback: (value) => `${value}%` } },
        },
        plugins: { tooltip: { filter: (item) => item.parsed.y > 0, callbacks: { label } } },
      },
    };
  }

  function reigns(table) {
    const column = (series) => table.heads.findIndex((head) => head.series === series);
    const [label, from, to, colour] = ["label", "from", "to", "colour"].map(column);
    const spans = table.rows.map((cells) => ({
      x: [cellNumber(cells[from]), cellNumber(cells[to])],
      y: cells[label].dataset.v,
      colour: styled(cells[colour].dataset.v),
    }));
    const names = [...new Set(spans.map((span) => span.y))];
    return {
      type: "bar",
      data: { labels: names, datasets: [{ label: "reign", data: spans, backgroundColor: spans.map((span) => span.colour), minBarLength: 3, barThickness: 16 }] },
      rows: names.length,
      options: {
        indexAxis: "y",
        scales: { x: blocks(), y: { type: "category", labels: names, ticks: { callback: (_, number) => short(names[number]) } } },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: { label: (item) => ` blocks ${grouped(item.raw.x[0])} to ${grouped(item.raw.x[1])}` } },
        },
      },
    };
  }

  function bars(table) {
    const datasets = table.heads.flatMap((head, column) => (head.series ? [{
      label: short(head.name),
      data: table.rows.map((cells) => cellNumber(cells[column])),
      backgroundColor: styled(head.series),
      maxBarThickness: 22,
    }] : []));
    return {
      type: "bar",
      data: { labels: table.rows.map((cells) => cells[0].textContent), datasets },
      rows: table.rows.length * 2,
      options: { indexAxis: "y", scales: { x: { beginAtZero: true, title: { display: true, text: table.unit } }, y: {} } },
    };
  }

  const blocks = () => ({ type: "linear", title: { display: true, text: "block" }, ticks: { maxTicksLimit: 8, callback: grouped } });
  const KINDS = { lines, shares, reigns, bars };

  function draw(figure) {
    const source = document.getElementById(figure.dataset.table);
    const table = { ...readTable(source), unit: figure.dataset.unit ?? "" };
    const config = KINDS[figure.dataset.chart](table);
    const quiet = styled("quiet"), rule = styled("rule"), ink = styled("ink");
    for (const scale of Object.values(config.options.scales)) {
      scale.ticks = { ...scale.ticks, color: quiet };
      scale.grid = { ...scale.grid, color: rule };
      scale.border = { color: rule };
      if (scale.title) scale.title.color = quiet;
    }
    const options = config.options;
    options.animation = false;
    options.responsive = true;
    options.maintainAspectRatio = false;
    options.interaction = { mode: "nearest", intersect: false };
    options.plugins ??= {};
    options.plugins.legend ??= {};
    options.plugins.legend.position = "bottom";
    options.plugins.legend.labels = { color: ink, usePointStyle: true, boxWidth: 8, boxHeight: 8, padding: 16 };
    options.plugins.tooltip = { usePointStyle: true, backgroundColor: ink, titleColor: styled("card"), bodyColor: styled("card"), ...options.plugins.tooltip };
    figure.classList.add("drawn");
    const frame = figure.querySelector(".canvas");
    if (config.rows) frame.classList.add(config.rows > 12 ? "tall" : "low");
    drawn.push(new Chart(figure.querySelector("canvas"), config));
  }

  function drawAll() {
    drawn.splice(0).forEach((chart) => chart.destroy());
    if (typeof Chart === "undefined") return;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  /* ---- staying up to date: only where a server says that the site is live ---- */

  let version = null;

  async function text(file) {
    const answer = await fetch(file, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    return answer.text();
  }

  async function poll() {
    try {
      const now = await text("version.txt");
      if (version !== null && now !== version) await renew();
      version = now;
    } catch {
      // The server is away or is writing: the next time will tell.
    }
    setTimeout(poll, POLL_MS);
  }

  // The page as it is now in place of what it was; what was open, sorted and looked for stays so.
  async function renew() {
    const page = new DOMParser().parseFromString(await text(location.href), "text/html");
    const open = [...document.querySelectorAll("details")].map((one) => one.open);
    const tables = [...document.querySelectorAll("table[id]")].map((table) => {
      const heads = [...table.tHead.rows[0].cells];
      const column = heads.findIndex((head) => head.hasAttribute("aria-sort"));
      const direction = column < 0 ? "none" : heads[column].getAttribute("aria-sort");
      return { id: table.id, column, direction, wanted: table.board?.search.value ?? "", all: table.board?.all ?? false };
    });
    const focusable = "a[href], button, input, summary, [tabindex]";
    const home = document.activeElement.closest("[id]");
    const focused = home ? [...home.querySelectorAll(focusable)].indexOf(document.activeElement) : -1;
    for (const name of ["header", "main", "footer"]) {
      document.querySelector(name).replaceWith(document.importNode(page.querySelector(name), true));
    }
    document.title = page.title;
    start();
    document.querySelectorAll("details").forEach((one, number) => { one.open = open[number] ?? false; });
    for (const { id, column, direction, wanted, all } of tables) {
      const table = document.getElementById(id);
      if (!table) continue;
      if (table.board) Object.assign(table.board, { all }).search.value = wanted;
      if (column >= 0) sortBy(table, column, direction);
      show(table);
    }
    const again = home && document.getElementById(home.id);
    (focused < 0 ? again : again?.querySelectorAll(focusable)[focused])?.focus({ preventScroll: true });
  }

  function start() {
    document.querySelectorAll("table[data-sort]").forEach((table, number) => {
      table.id ||= `table-${number}`;
      makeSortable(table);
      if (table.tBodies[0].rows.length > FIRST_ROWS) makeFindable(table);
    });
    drawAll();
  }

  start();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("print").addEventListener("change", drawAll);
  if (document.documentElement.hasAttribute("data-live") && location.protocol.startsWith("http")) poll();
})();
