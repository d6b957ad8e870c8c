/** Colours by their names; each pair of a text and its ground has a contrast of 4.5 at least (WCAG 2.2, 1.4.3). */
export interface Palette {
  readonly ground: string
  readonly raised: string
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly calm: string
  readonly good: string
  readonly warn: string
  readonly bad: string
  readonly bar: string
  readonly 'on-bar': string
}

export const LIGHT: Palette = {
  ground: '#ffffff',
  raised: '#f4f6f8',
  text: '#1b1f24',
  muted: '#515a65',
  line: '#c9d1d9',
  calm: '#0a53a8',
  good: '#0f6329',
  warn: '#7a4b00',
  bad: '#a3132a',
  bar: '#0a53a8',
  'on-bar': '#ffffff',
}

export const DARK: Palette = {
  ground: '#0f1419',
  raised: '#1a2129',
  text: '#e6ebf0',
  muted: '#a3adb8',
  line: '#3b4653',
  calm: '#82b7f5',
  good: '#6cd487',
  warn: '#e5b454',
  bad: '#ff8f87',
  bar: '#82b7f5',
  'on-bar': '#0f1419',
}

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';')
}

/** The whole style sheet. Dark is for screens alone: paper is white. */
export const STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
h1{margin:0;font-size:2rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .75rem;font-size:1.35rem;line-height:1.3}
p{margin:.5rem 0;overflow-wrap:anywhere}
.kind{margin:0;color:var(--muted);font-size:.875rem}
.why{margin:.75rem 0 1.25rem;font-size:1.1rem}
.badge{display:inline-block;padding:0 .55em;border:1.5px solid;border-radius:.4em;font-weight:600;white-space:nowrap}
.calm{color:var(--calm)}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.75rem 1.5rem;margin:0;padding:1rem;background:var(--raised);border-radius:.5rem}
dt{color:var(--muted);font-size:.875rem}
dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:1rem 0}
.scroll:focus-visible,pre:focus-visible{outline:3px solid var(--calm);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{padding:0 0 .5rem;text-align:start;color:var(--muted);font-size:.875rem}
th,td{padding:.4rem .75rem;border-bottom:1px solid var(--line);text-align:start;vertical-align:top;font-variant-numeric:tabular-nums}
thead th{border-bottom:2px solid var(--line);color:var(--muted);font-size:.875rem;white-space:nowrap}
tbody th{font-weight:600}
th:first-child,td:first-child{padding-inline-start:0}
.number{text-align:end}
.wide{min-width:12rem;overflow-wrap:anywhere}
td time,th time{display:inline-block;min-width:6.5rem}
td ul{margin:0;padding-inline-start:1.1rem}
figure{margin:0}
figcaption{color:var(--muted);font-size:.875rem}
pre{overflow-x:auto;margin:0;padding:1rem;background:var(--raised);border-radius:.5rem;font-size:.875rem;line-height:1.45}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
footer{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.875rem}
.timeline{display:block;width:100%;min-width:44rem;height:auto;font-size:14px}
.timeline text{fill:var(--text);stroke:var(--ground);stroke-width:4px;paint-order:stroke}
.timeline .name{font-weight:600}
.timeline .tick,.timeline .muted{fill:var(--muted);font-size:12.5px}
.timeline .inside{fill:var(--on-bar);stroke:var(--bar);font-weight:600}
.grid{stroke:var(--line);stroke-width:1}
.bar{fill:var(--bar)}
.open{stroke:var(--bar);stroke-width:2;stroke-dasharray:5 3}
.breached{fill:url(#hatch);stroke:var(--bad);stroke-width:2}
.hatch-ground{fill:var(--ground)}
.hatch-line{stroke:var(--bad);stroke-width:6}
.hold{fill:var(--muted)}
.now{stroke:var(--muted);stroke-width:1.5;stroke-dasharray:2 3}
.mark{stroke:var(--muted);stroke-width:1.5}
.mark.bad{stroke:var(--bad)}
.cross{fill:none;stroke:var(--bad);stroke-width:3}
.diamond{fill:var(--ground);stroke:var(--text);stroke-width:2}
@media (max-width:40rem){main{padding:1rem .9rem 2rem}h1{font-size:1.6rem}dl{grid-template-columns:1fr}}
@media print{
@page{margin:15mm}
body{font-size:10pt}
main{max-width:none;padding:0}
.scroll,pre{overflow:visible}
.timeline{min-width:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
.wide{min-width:0}
thead{display:table-header-group}
tr,figure,dl{break-inside:avoid}
h2{break-after:avoid}
.timeline,dl,pre,.badge{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`
