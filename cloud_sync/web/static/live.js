// Keeps a page true while it lies open: running clocks tick, and what the server knows anew is
// fetched when the server's version of the page changes. Every page works without this file.
"use strict";

(() => {
  const PULSE_MS = 4000;
  const loaded = performance.now();

  // The server measures; this only shows how long it has been since the page was made.
  function stopwatch(total) {
    const pad = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor((total % 3600) / 60);
    const seconds = pad(total % 60);
    return hours ? `${hours}:${pad(minutes)}:${seconds}` : `${minutes}:${seconds}`;
  }

  function tick() {
    const passed = Math.floor((performance.now() - loaded) / 1000);
    for (const timer of document.querySelectorAll("[data-seconds]")) {
      timer.textContent = stopwatch(Number(timer.dataset.seconds) + passed);
    }
  }

  if (document.querySelector("[data-seconds]")) {
    tick();
    setInterval(tick, 1000);
  }

  // What to add to a note, while it is being written. The server judges; nothing of it is kept.
  for (const area of document.querySelectorAll("textarea[data-advice]")) {
    const place = area.form.querySelector(`[data-advice-for="${area.name}"]`);
    const prefix = area.name.slice(0, -"note".length);
    let waiting;
    const ask = async () => {
      const chosen = area.form.elements[`${prefix}program`];
      const words = new URLSearchParams({
        form_token: area.form.elements.form_token.value,
        program: area.dataset.program || (chosen ? chosen.value : ""),
        note: area.value,
      });
      try {
        const answer = await fetch("/note-advice", { method: "POST", body: words, credentials: "same-origin" });
        if (!answer.ok) return;
        const { advice } = await answer.json();
        place.textContent = advice;
        place.hidden = !advice;
      } catch {
        // The clinic cannot be reached for a moment: it says the same when the form is sent.
      }
    };
    area.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 600);
    });
  }

  const body = document.body;
  if (!body.dataset.pulse) return;

  // Whoever types into a part of the page keeps it until the page is loaded again.
  function busy(part) {
    return part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  }

  async function refresh(version) {
    const stale = document.querySelector("[data-stale]");
    if (stale) {
      stale.hidden = false;
      return;
    }
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const successor = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (successor && !busy(part)) part.replaceWith(document.importNode(successor, true));
    }
    body.dataset.version = fresh.body.dataset.version || version;
  }

  async function pulse() {
    if (document.hidden) return;
    try {
      const answer = await fetch(body.dataset.pulse, { credentials: "same-origin" });
      if (answer.status === 401) {
        location.assign("/sign-in"); // signed out: nothing of a patient stays on the screen
        return;
      }
      if (!answer.ok) return;
      const { version } = await answer.json();
      if (version !== body.dataset.version) await refresh(version);
    } catch {
      // The clinic cannot be reached for a moment: the page stays, the next pulse tries again.
    }
  }

  setInterval(pulse, PULSE_MS);
  document.addEventListener("visibilitychange", pulse);
})();
