/** An element of a page. */
export interface Element {
  readonly tag: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: (Element | string)[]
}

const TOKEN =
  /<!DOCTYPE html>|<\/([a-z][a-z0-9]*)>|<([a-z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][\w:-]*="[^"<>]*")*)(\/?)>|([^<]+)|(<)/gy
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

/**
 * Reads a page more strictly than a browser: every element is closed where it was opened, every attribute quoted, every `<` and `&` part
 * of what it looks like.
 *
 * @throws where it is not so; the message says where.
 */
export function parsePage(page: string): Element {
  const root: Element = { tag: '', attributes: new Map(), children: [] }
  const open: Element[] = [root]
  let end = 0
  for (const match of page.matchAll(TOKEN)) {
    const [token, closed, tag, attributes = '', selfClosed, text, stray] = match
    if (match.index !== end || stray !== undefined) break
    end = match.index + token.length
    const top = open.at(-1) ?? root
    if (text !== undefined) top.children.push(top.tag === 'style' ? text : decoded(text))
    if (closed !== undefined) {
      if (top.tag !== closed) throw new Error(`</${closed}> closes <${top.tag}> at ${end}`)
      open.pop()
    }
    if (tag !== undefined) {
      const element: Element = { tag, attributes: attributesOf(attributes), children: [] }
      top.children.push(element)
      if (selfClosed !== '/') open.push(element)
    }
  }
  if (end < page.length) throw new Error(`not well formed at ${end}: ${page.slice(end, end + 80)}`)
  if (open.length > 1) throw new Error(`<${open.at(-1)?.tag}> is never closed`)
  return root
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = [...text.matchAll(/([a-zA-Z][\w:-]*)="([^"]*)"/g)]
  const names = found.map(([, name]) => name)
  if (new Set(names).size < names.length) throw new Error(`an attribute stands twice:${text}`)
  return new Map(found.map(([, name = '', value = '']) => [name, decoded(value)]))
}

function decoded(text: string): string {
  return text.replace(/&([^;&]{0,8};?)/g, (whole, name: string) => {
    const character = ENTITIES[name.replace(/;$/, '')]
    if (!name.endsWith(';') || character === undefined) throw new Error(`no entity: ${whole}`)
    return character
  })
}

/** All elements below one, itself not included, in the order of the page. */
export function elementsOf(element: Element): readonly Element[] {
  return element.children.flatMap(child => (typeof child === 'string' ? [] : [child, ...elementsOf(child)]))
}

/** The text of an element, as a person reads it. */
export function textOf(element: Element): string {
  return element.children.map(child => (typeof child === 'string' ? child : textOf(child))).join('')
}
