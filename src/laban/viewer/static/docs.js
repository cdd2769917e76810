// The interface as a page, from openapi.json of this server.

const make = (tag, words, parent) => {
  const made = document.createElement(tag);
  made.textContent = words;
  parent?.append(made);
  return made;
};

/** A schema in a few words, such as "whole number, 0 or more". */
function told(schema) {
  if (!schema) return "";
  if (schema.anyOf) return schema.anyOf.map(told).filter((words) => words !== "null").join(" or ");
  if (schema.enum) return schema.enum.join(" or ");
  const names = { integer: "whole number", number: "number", string: "text", boolean: "true or false" };
  const parts = [names[schema.type] ?? schema.type ?? ""];
  if (schema.minimum !== undefined) parts.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) parts.push(`to ${schema.maximum}`);
  if (schema.maxLength !== undefined) parts.push(`at most ${schema.maxLength} characters`);
  return parts.join(" ");
}

/** A paragraph; what stands between pairs of backticks is code. */
function paragraph(words, parent) {
  const made = make("p", "", parent);
  words.split("``").forEach((part, k) => made.append(k % 2 ? make("code", part) : part));
}

function route(path, method, about) {
  const article = document.createElement("article");
  const title = make("h2", "", article);
  make("b", method.toUpperCase(), title);
  title.append(path);
  for (const words of (about.description ?? about.summary ?? "").split("\n\n")) paragraph(words, article);
  if (about.parameters?.length) {
    const scroll = make("div", "", article);
    scroll.className = "scroll";
    const table = make("table", "", scroll);
    const head = make("tr", "", make("thead", "", table));
    for (const words of ["parameter", "where", "what", "default"]) make("th", words, head).scope = "col";
    const body = make("tbody", "", table);
    for (const one of about.parameters) {
      const row = make("tr", "", body);
      make("code", one.name, make("td", "", row));
      make("td", one.in, row);
      make("td", told(one.schema), row);
      make("td", one.required ? "must be given" : String(one.schema?.default ?? ""), row);
    }
  }
  return article;
}

const answer = await fetch("/openapi.json");
const { paths } = await answer.json();
for (const [path, methods] of Object.entries(paths)) {
  for (const [method, about] of Object.entries(methods)) {
    document.getElementById("routes").append(route(path, method, about));
  }
}
