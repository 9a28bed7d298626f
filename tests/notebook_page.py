"""A page that mounts a widget as notebooks do, with a model whose messages go to the widget in this process."""

from __future__ import annotations

import base64
import json

PAGE = """<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="cell"></div>
<script type="module">
const heard = {};
const traits = JSON.parse(await window.traits());
const call = (event, ...given) => [...(heard[event] ?? [])].forEach((hear) => hear(...given));
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
window.sent = [];
window.model = {
  get: (name) => traits[name],
  set(name, value) {
    if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
    traits[name] = value;
    call(`change:${name}`);
  },
  save_changes: () => window.save(JSON.stringify(traits)),
  on: (event, hear) => (heard[event] ??= []).push(hear),
  off: (event, hear) => (heard[event] = (heard[event] ?? []).filter((one) => one !== hear)),
  async send(content) {
    window.sent.push(content);
    const [data, buffers] = JSON.parse(await window.ask(JSON.stringify(content)));
    call("msg:custom", data, buffers.map(bytes));
  },
};
const style = document.createElement("style");
style.textContent = await window.css();
document.head.append(style);
const module = await import(URL.createObjectURL(new Blob([await window.esm()], { type: "text/javascript" })));
window.show = async () => {
  window.leave = await module.default.render({ model: window.model, el: document.getElementById("cell") });
};
await window.show();
</script>"""


def mount(page, widget) -> None:
    """Show a widget on a Playwright page; what the page sets, the widget gets."""
    answers = []
    widget.send = lambda content, buffers=None: answers.append((content, buffers or []))
    names = [name for name in widget.keys if not name.startswith(("_model", "_view", "_esm", "_css", "_anywidget"))]

    def ask(text):
        widget._asked(widget, json.loads(text), [])
        content, buffers = answers.pop()
        return json.dumps([content, [base64.b64encode(buffer).decode() for buffer in buffers]])

    def save(text):
        for name, value in json.loads(text).items():
            if name in names and name not in {"layout", "tabbable", "tooltip", "_dom_classes"}:
                setattr(widget, name, tuple(value) if isinstance(getattr(widget, name), tuple) else value)

    page.expose_function("ask", ask)
    page.expose_function("save", save)
    page.expose_function("traits", lambda: json.dumps({n: getattr(widget, n) for n in names if n != "layout"}))
    page.expose_function("esm", lambda: str(widget._esm))
    page.expose_function("css", lambda: str(widget._css))
    page.route("http://notebook.test/", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto("http://notebook.test/")
