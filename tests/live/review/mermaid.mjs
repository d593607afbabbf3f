// Each file must be a diagram to mermaid's own parser, within its own limits.
// Prints "FILE KIND NODES EDGES", or "FILE gantt TASKS". Run in the folder of
// the npm packages mermaid and jsdom.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import fs from 'node:fs';
const require = createRequire(process.cwd() + '/');
const { JSDOM } = require('jsdom');
const dom = new JSDOM('<!doctype html><body></body>');
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const core = process.cwd() + '/node_modules/mermaid/dist/mermaid.core.mjs';
const mermaid = (await import(pathToFileURL(core))).default;
mermaid.initialize({ startOnLoad: false, suppressErrorRendering: true });
const limits = mermaid.mermaidAPI.getConfig();
for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, 'utf8');
  if (text.length > limits.maxTextSize) throw new Error(file + ' is too long');
  await mermaid.parse(text);
  const { db, type } = await mermaid.mermaidAPI.getDiagramFromText(text);
  if (type === 'gantt') {
    console.log(file, 'gantt', db.getTasks().length);
    continue;
  }
  const edges = db.getEdges().length;
  if (edges > limits.maxEdges) throw new Error(file + ' has too many edges');
  console.log(file, 'flowchart', db.getVertices().size, edges);
}
