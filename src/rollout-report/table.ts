import { html, type Markup, NOTHING, type Part } from './escape.ts'

/** A column, and how its cells are set. */
export interface Column {
  readonly title: string
  /** `number` to the right, `wide` for sentences. */
  readonly kind?: 'number' | 'wide'
}

export interface TableFacts {
  /** Unique on the page. */
  readonly id: string
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Part[])[]
}

/** A table that scrolls by itself where it is too wide, also by keyboard. The first cell of a row names the row. */
export function table({ id, caption, columns, rows }: TableFacts): Markup {
  const heads = columns.map(({ title, kind }) => html`<th scope="col"${classOf(kind)}>${title}</th>`)
  const body = rows.map(row => {
    const cells = row.map((cell, index) => {
      const kind = classOf(columns[index]?.kind)
      return index === 0 ? html`<th scope="row"${kind}>${cell}</th>` : html`<td${kind}>${cell}</td>`
    })
    return html`<tr>${cells}</tr>
`
  })
  return html`<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}">
<table>
<caption id="${id}">${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}</tbody>
</table>
</div>
`
}

function classOf(kind: Column['kind']): Markup {
  return kind === undefined ? NOTHING : html` class="${kind}"`
}

/** Names and what stands under them. */
export function definitions(pairs: readonly (readonly [string, Part])[]): Markup {
  return html`<dl>
${pairs.map(
  ([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>
`,
)}</dl>
`
}
