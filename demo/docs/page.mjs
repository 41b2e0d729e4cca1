// What the pages of documentation are made of.

export const escapeHtml = (text) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Text in which `code` stands between backquotes. */
export const words = (text) => escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");

const kPages = ["Layers", "Operators"];

const link = (name, current) =>
  name === current
    ? `<span aria-current="page">${name}</span>`
    : `<a href="./${name.toLowerCase()}.html">${name}</a>`;

export function table(head, rows) {
  const line = ([name, ...cells]) =>
    `<tr><th scope="row" id="${escapeHtml(name)}">${escapeHtml(name)}</th>${cells
      .map((cell) => `<td>${words(cell)}</td>`)
      .join("")}</tr>`;
  return `<div class="table"><table><thead><tr>${head
    .map((title) => `<th scope="col">${title}</th>`)
    .join("")}</tr></thead><tbody>${rows.map(line).join("\n")}</tbody></table></div>`;
}

export function page(title, body) {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'self'; object-src 'none'; base-uri 'none'" />
    <title>heed: ${title.toLowerCase()}</title>
    <link rel="icon" href="../icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="./docs.css" />
  </head>
  <body>
    <header>
      <a class="brand" href="../">heed</a>
      <nav>${kPages.map((name) => link(name, title)).join(" ")}</nav>
    </header>
    <main>
    <h1>${title}</h1>
    ${body}
    </main>
  </body>
</html>
`;
}
