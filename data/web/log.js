// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts new events in front of the list while the page is open. Without it the page is whole, only
// not live.
"use strict";

(() => {
  const MOST = 200;
  const live = document.getElementById("live");
  const list = document.querySelector(".events");
  if (!live || !list || !window.EventSource)
    return;
  const state = live.querySelector(".state");
  const button = live.querySelector("button");
  const total = document.querySelector(".total");
  const severities = [[40, "error"], [30, "warning"], [20, "info"], [0, "debug"]];
  let newest = Number(list.querySelector("[data-seq]")?.dataset.seq || 0);
  let source = null;

  // Texts of events go in as text nodes only.
  const make = (name, kind, text) => {
    const element = document.createElement(name);
    if (kind)
      element.className = kind;
    if (text !== undefined)
      element.textContent = text;
    return element;
  };

  const link = (kind, href, text) => {
    const element = make("a", kind, text);
    element.href = href;
    return element;
  };

  const ago = (when) => {
    const seconds = Math.round((Date.now() - when) / 1000);
    const units = [[86400, "day"], [3600, "hour"], [60, "minute"]];
    for (const [size, name] of units) {
      const count = Math.floor(seconds / size);
      if (count === 1)
        return `${name === "hour" ? "an" : "a"} ${name} ago`;
      if (count > 1)
        return `${count} ${name}s ago`;
    }
    return seconds > 5 ? "seconds ago" : "just now";
  };

  const shortTopic = (topic) => topic.split(".").slice(3).join(".") || topic;

  const summary = (event) => {
    const own = event.body && typeof event.body.summary === "string" ? event.body.summary : "";
    const actor = event.actor.slice(event.actor.indexOf(":") + 1);
    return own.slice(0, 200) ||
      [`${actor}:`, shortTopic(event.topic), ...(event.objects || []).slice(0, 3)].join(" ");
  };

  const card = (event) => {
    const severity = severities.find(([least]) => event.severity >= least)[1];
    const item = make("li", `event fresh ${severity}`);
    item.dataset.seq = event.seq;
    const line = make("div", "line");
    const topic = link("topic", `/log/${event.seq}`, shortTopic(event.topic));
    topic.title = event.topic;
    line.append(topic);
    if (event.severity >= 30)
      line.append(make("span", "badge", severity));
    const when = make("span", "when");
    const time = make("time", "", ago(Date.parse(event.time)));
    time.dateTime = event.time;
    when.append(time);
    line.append(when);
    const facts = make("div", "facts");
    facts.append(make("span", "seq", `#${event.seq}`));
    facts.append(link("actor", `/log?agent=${encodeURIComponent(event.actor)}`, event.actor));
    for (const object of event.objects || [])
      facts.append(link("object", `/log?object=${encodeURIComponent(object)}`, object));
    item.append(line, make("p", "summary", summary(event)), facts);
    return item;
  };

  const show = (kind, text) => {
    live.className = `live ${kind}`;
    state.textContent = text;
  };

  const add = (message) => {
    const event = JSON.parse(message.data);
    if (event.seq <= newest)
      return;
    newest = event.seq;
    document.querySelector(".empty")?.remove();
    list.prepend(card(event));
    while (list.children.length > MOST)
      list.lastElementChild.remove();
    if (total)
      total.textContent = Number(total.textContent) + 1;
  };

  const start = () => {
    const url = new URL(live.dataset.url, location.href);
    if (newest > 0)
      url.searchParams.set("since", newest);
    source = new EventSource(url);
    source.onopen = () => show("on", "live");
    source.onmessage = add;
    source.onerror = () => show("off", "connection lost, trying again …");
    button.textContent = "Pause";
  };

  const stop = () => {
    source.close();
    source = null;
    show("", "paused");
    button.textContent = "Go on";
  };

  button.addEventListener("click", () => (source ? stop() : start()));
  setInterval(() => {
    for (const time of list.querySelectorAll("time"))
      time.textContent = ago(Date.parse(time.dateTime));
  }, 30000);
  live.hidden = false;
  start();
})();
